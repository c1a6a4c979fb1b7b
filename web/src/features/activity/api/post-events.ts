import { useQueryClient, useMutation } from '@tanstack/react-query';
import { onceKey } from '@/api/client';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import type { components, paths } from '@/api/schema';

type Schemas = components['schemas'];
type Body =
  paths['/api/users/{userId}/events']['post']['requestBody']['content']['application/json'];

/** What happened; its id and instant are given when it is sent. An answer's own
 * schema says "one of these members" in a way that the generated type loses. */
export type Happened =
  | { type: 'answer'; content: number; correct: boolean }
  | { type: 'answer'; concepts: string[]; correct: boolean }
  | { type: 'review'; concept: string; rating: number }
  | Schemas['ContentStarted']
  | Schemas['ContentCompleted']
  | Schemas['ContentAbandoned'];

/** Records what the learner did. Nothing is shown ahead of the answer: what an
 * event means is the engine's to say. */
export function useRecord() {
  const { client, userId } = useWho();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (happened: Happened) =>
      answerOf(
        client.api.POST('/api/users/{userId}/events', {
          params: {
            path: { userId },
            header: { 'Idempotency-Key': onceKey() },
          },
          body: {
            ...happened,
            event_id: `web-${onceKey()}`,
            at: new Date().toISOString(),
          } as Body,
        }),
      ),
    onSuccess: () =>
      queries.invalidateQueries({ queryKey: keys.learner(userId) }),
  });
}
