import { useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

const SHOWN = 5;

export function useRecommendations() {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.recommendations(userId),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/recommendations', {
          params: { path: { userId }, query: { limit: SHOWN } },
          signal,
        }),
      ),
  });
}
