import { useInfiniteQuery } from '@tanstack/react-query';
import type { Client } from '@/api/client';
import { ApiError } from '@/api/errors';
import { keys } from '@/api/keys';

const PAGE = 24;

/** The cursor of the next page, from a Link header. */
export function nextCursor(link: string | null): string | null {
  const found = link?.match(/<([^>]*)>\s*;\s*rel="next"/);
  if (!found?.[1]) return null;
  return new URL(found[1], 'http://here').searchParams.get('cursor');
}

export function useLearners(client: Client, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: keys.learners,
    enabled,
    initialPageParam: null as string | null,
    async queryFn({ pageParam, signal }) {
      const { data, response } = await client.api.GET('/api/users', {
        params: {
          query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) },
        },
        signal,
      });
      if (!data) throw new ApiError(response.status, null);
      return { users: data.users, next: nextCursor(response.headers.get('Link')) };
    },
    getNextPageParam: (page) => page.next,
  });
}
