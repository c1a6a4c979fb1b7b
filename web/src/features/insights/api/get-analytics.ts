import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

/** The last so many days. */
export function useAnalytics(days: number) {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.analytics(userId, days),
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - (days - 1) * 86_400_000);
      return answerOf(
        client.api.GET('/api/users/{userId}/progress-analytics', {
          params: {
            path: { userId },
            query: { from: from.toISOString().slice(0, 10) },
          },
          signal,
        }),
      );
    },
    // Another window: the one before stays until it is there.
    placeholderData: keepPreviousData,
  });
}
