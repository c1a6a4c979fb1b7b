/** The cursor of the next page, from a Link header (RFC 8288); null: the last. */
export function nextCursor(link: string | null): string | null {
  const found = link?.match(/<([^>]*)>\s*;\s*rel="next"/);
  if (!found?.[1]) return null;
  return new URL(found[1], 'http://here').searchParams.get('cursor');
}
