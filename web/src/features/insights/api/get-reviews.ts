import { useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

const DAYS = 14;

/** What is due, and what the next days bring at the learner's minutes. */
export function useReviews() {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.reviews(userId),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/reviews', {
          params: { path: { userId }, query: { days: DAYS } },
          signal,
        }),
      ),
  });
}
