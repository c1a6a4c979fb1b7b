import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError } from '@/api/errors';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { useClient } from './client-context';
import { useCaller } from './get-caller';
import { usePlace } from './router';

/** The way out of a session; whoever brings a token along has none. */
export function SignOut() {
  const client = useClient();
  const caller = useCaller();
  const queries = useQueryClient();
  const say = useAnnounce();
  const { go } = usePlace();
  const leave = useMutation({
    async mutationFn() {
      const { response } = await client.api.DELETE('/session');
      if (!response.ok) throw new ApiError(response.status, null);
    },
    onSuccess() {
      go('/');
      queries.clear();
    },
    onError: (error) => say.wrong(en.common.refused(error.message)),
  });
  if (!caller.data?.session) return null;
  return (
    <Button small look="quiet" busy={leave.isPending} onClick={() => leave.mutate()}>
      {en.app.signOut}
    </Button>
  );
}
