import { useInfiniteQuery } from '@tanstack/react-query';
import type { Client } from '@/api/client';
import { pageOf } from '@/api/errors';
import { keys } from '@/api/keys';

const PAGE = 24;

export function useLearners(client: Client, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: keys.learners,
    enabled,
    initialPageParam: null as string | null,
    async queryFn({ pageParam, signal }) {
      const { data, next } = await pageOf(
        client.api.GET('/api/users', {
          params: {
            query: { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      );
      return { users: data.users, next };
    },
    getNextPageParam: (page) => page.next,
  });
}
