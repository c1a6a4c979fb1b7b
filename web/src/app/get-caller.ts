import { useQuery } from '@tanstack/react-query';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { useClient } from './client-context';

/** Who is signed in; a denied error when nobody is. */
export function useCaller() {
  const client = useClient();
  return useQuery({
    queryKey: keys.caller,
    queryFn: ({ signal }) => answerOf(client.api.GET('/api/caller', { signal })),
    staleTime: 60_000,
  });
}
