import { onceKey } from '@/api/client';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { useOptimistic } from '@/api/optimistic';
import type { Control, LearningPath } from '@/api/types';

/** Pin, skip, "I know this", undo ..: the path is planned anew, and is the
 * answer. `apply` shows the wish meanwhile. */
export function useControl(
  apply?: (path: LearningPath, control: Control) => LearningPath,
) {
  const { client, userId } = useWho();
  return useOptimistic<Control, LearningPath>({
    send: (control) =>
      answerOf(
        client.api.POST('/api/users/{userId}/learning-path/controls', {
          params: {
            path: { userId },
            header: { 'Idempotency-Key': onceKey() },
          },
          body: control,
        }),
      ),
    queryKey: keys.path(userId),
    ...(apply ? { apply } : {}),
    touches: [keys.path(userId), keys.recommendations(userId)],
  });
}
