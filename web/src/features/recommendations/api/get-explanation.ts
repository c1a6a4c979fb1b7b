import { useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

/** What an explanation says never changes; it is asked for when opened. */
export function useExplanation(id: number, open: boolean) {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.explanation(userId, id),
    enabled: open,
    staleTime: Infinity,
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET(
          '/api/users/{userId}/recommendations/{recommendationId}/explanation',
          { params: { path: { userId, recommendationId: id } }, signal },
        ),
      ),
  });
}
