import { useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

export function useProfile() {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.profile(userId),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/profile', {
          params: { path: { userId } },
          signal,
        }),
      ),
  });
}
