import { useEffect, useState } from 'react';
import { noteVisit, type Seen } from '@/lib/visits';
import type { AreaRow } from './rules';

/** What the learner saw at the last visit; null on the first one. */
export function useLastVisit(user: string, rows: AreaRow[]): Seen | null {
  const [seen, setSeen] = useState<Seen | null>(null);
  const text = JSON.stringify(
    rows.flatMap((row) => (row.estimate ? [[row.area, row.estimate.value]] : [])),
  );
  useEffect(() => {
    const pairs = JSON.parse(text) as [string, number][];
    if (pairs.length)
      setSeen(noteVisit(localStorage, user, Object.fromEntries(pairs)));
  }, [user, text]);
  return seen;
}
