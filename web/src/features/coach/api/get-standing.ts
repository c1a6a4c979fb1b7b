import { useQueries } from '@tanstack/react-query';
import type { Client } from '@/api/client';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { createGate } from '@/lib/gate';
import { standingOf } from '../attention';

const AT_ONCE = 2; // learners looked at together, three requests each
const DAYS = 14;
const WINDOW_DAYS = 60;

async function look(client: Client, userId: string, signal: AbortSignal) {
  const path = { userId };
  const from = new Date(Date.now() - WINDOW_DAYS * 86_400_000);
  const [analytics, reviews, predictions] = await Promise.all([
    answerOf(
      client.api.GET('/api/users/{userId}/progress-analytics', {
        params: { path, query: { from: from.toISOString().slice(0, 10) } },
        signal,
      }),
    ),
    answerOf(
      client.api.GET('/api/users/{userId}/reviews', {
        params: { path, query: { days: DAYS, limit: 1 } },
        signal,
      }),
    ),
    answerOf(
      client.api.GET('/api/users/{userId}/skill-predictions', {
        params: { path },
        signal,
      }),
    ),
  ]);
  return {
    userId,
    due: reviews.due,
    ...standingOf({ analytics, reviews, predictions }),
  };
}

export type Looked = Awaited<ReturnType<typeof look>>;

const gate = createGate(AT_ONCE);

/** How each of these learners stands, a few at a time. */
export function useStandings(client: Client, ids: string[]) {
  return useQueries({
    queries: ids.map((userId) => ({
      queryKey: [...keys.learner(userId), 'standing'],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        gate(() => look(client, userId, signal)),
      staleTime: 5 * 60_000,
    })),
  });
}
