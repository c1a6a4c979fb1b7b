import { onceKey } from '@/api/client';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { useOptimistic } from '@/api/optimistic';
import type { Goal, PersonalizationProfile, StatedMembers } from '@/api/types';

export interface Statement {
  stated?: StatedMembers;
  goals?: Goal;
}

/** What the learner says of themselves. */
export function usePutProfile() {
  const { client, userId } = useWho();
  return useOptimistic<Statement, PersonalizationProfile>({
    send: (body) =>
      answerOf(
        client.api.PUT('/api/users/{userId}/profile', {
          params: {
            path: { userId },
            header: { 'Idempotency-Key': onceKey() },
          },
          body,
        }),
      ),
    queryKey: keys.profile(userId),
    apply: (cached, { stated }) => ({
      ...cached,
      stated: { ...cached.stated, ...stated },
    }),
    touches: [keys.learner(userId)],
  });
}
