// What a learner saw the last time, kept in this browser only. A visit ends
// after four hours without the page; what was seen at its end is what the next
// one is compared with.

const VISIT_MS = 4 * 3_600_000;

export interface Seen {
  at: Date;
  mastery: Record<string, number>;
}

interface Stored {
  /** The visit going on: when it was last seen, and what was. */
  now: { at: number; mastery: Record<string, number> };
  /** The one before it. */
  before: { at: number; mastery: Record<string, number> } | null;
}

interface Keeper {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
}

function isStored(value: unknown): value is Stored {
  return (
    typeof value === 'object' &&
    value !== null &&
    'now' in value &&
    'before' in value
  );
}

function read(keeper: Keeper, key: string): Stored | null {
  try {
    const value: unknown = JSON.parse(keeper.getItem(key) ?? 'null');
    return isStored(value) ? value : null;
  } catch {
    return null; // storage is forbidden, or somebody else wrote there
  }
}

/** Notes what is seen now; the result is what the last visit saw. */
export function noteVisit(
  keeper: Keeper,
  user: string,
  mastery: Record<string, number>,
  now = Date.now(),
): Seen | null {
  const key = `piq-visit-${user}`;
  const had = read(keeper, key);
  const goesOn = had && now - had.now.at < VISIT_MS;
  const before = goesOn ? had.before : (had?.now ?? null);
  try {
    const next: Stored = { now: { at: now, mastery }, before };
    keeper.setItem(key, JSON.stringify(next));
  } catch {
    // Then the next visit has nothing to compare with.
  }
  return before && { at: new Date(before.at), mastery: before.mastery };
}
