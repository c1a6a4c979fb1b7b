import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

/** What to expect 28 days from now, and of the goal. */
export function usePredictions() {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.predictions(userId, ''),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/skill-predictions', {
          params: { path: { userId } },
          signal,
        }),
      ),
  });
}

/** The same for another day; null asks nothing. The answer before stays until
 * the new one is there, and a question that is overtaken is called off. */
export function usePredictionsAt(day: string | null) {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.predictions(userId, day ?? 'none'),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/skill-predictions', {
          params: { path: { userId }, query: { at: day ?? '' } },
          signal,
        }),
      ),
    enabled: day !== null,
    placeholderData: keepPreviousData,
  });
}
