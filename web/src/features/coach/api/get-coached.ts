import { useInfiniteQuery } from '@tanstack/react-query';
import type { Client } from '@/api/client';
import { pageOf } from '@/api/errors';
import { keys } from '@/api/keys';

const PAGE = 100;
const FRESH_MS = 60_000;

/** Whom the caller has, and how each of them stands: a coach's own learners, or
 * all of a platform's. One request a page. */
export function useCoached(client: Client) {
  return useInfiniteQuery({
    queryKey: keys.coached,
    initialPageParam: null as string | null,
    staleTime: FRESH_MS,
    refetchInterval: FRESH_MS,
    async queryFn({ pageParam, signal }) {
      const query = { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      const { data, next } = await pageOf(
        client.api.GET('/api/coaches/{coach}/learners', {
          params: { path: { coach: 'me' }, query },
          signal,
        }),
      );
      return { learners: data.learners, next };
    },
    getNextPageParam: (page) => page.next,
  });
}
