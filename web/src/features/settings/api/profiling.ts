import { useMutation, useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { useOptimistic } from '@/api/optimistic';
import type { Profiling } from '@/api/types';

export function useProfiling() {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.profiling(userId),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/profiling', {
          params: { path: { userId } },
          signal,
        }),
      ),
  });
}

export function usePause() {
  const { client, userId } = useWho();
  return useOptimistic<boolean, Profiling>({
    send: (paused) =>
      answerOf(
        client.api.PUT('/api/users/{userId}/profiling', {
          params: { path: { userId } },
          body: { paused },
        }),
      ),
    queryKey: keys.profiling(userId),
    apply: (cached, paused) => ({ ...cached, paused }),
    touches: [keys.profiling(userId)],
  });
}

export function useExport() {
  const { client, userId } = useWho();
  return useMutation({
    mutationFn: () =>
      answerOf(
        client.api.GET('/api/users/{userId}/export', {
          params: { path: { userId } },
        }),
      ),
  });
}

export function useErase() {
  const { client, userId } = useWho();
  return useMutation({
    mutationFn: () =>
      answerOf(
        client.api.DELETE('/api/users/{userId}', {
          params: { path: { userId } },
        }),
      ),
  });
}

/** Whether whoever looks may delete a learner: a right of the platform. */
export function useMayErase(): boolean {
  const { client } = useWho();
  const caller = useQuery({
    queryKey: keys.caller,
    queryFn: ({ signal }) => answerOf(client.api.GET('/api/caller', { signal })),
    staleTime: 60_000,
  });
  return (
    caller.data?.role === 'platform' && caller.data.scopes.includes('admin')
  );
}
