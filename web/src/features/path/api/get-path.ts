import { useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

const STEPS = 200;

export function usePath() {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.path(userId),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/learning-path', {
          params: { path: { userId }, query: { steps: STEPS } },
          signal,
        }),
      ),
  });
}
