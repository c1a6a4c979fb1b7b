import { onceKey } from '@/api/client';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { useOptimistic } from '@/api/optimistic';
import type { Feedback, RecommendationSet } from '@/api/types';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { withFeedback } from '../rules';

export interface FeedbackInput {
  id: number;
  feedback: Feedback;
}

/** Says what became of a recommendation, or how good it was. */
export function useFeedback(done?: (feedback: Feedback) => void) {
  const { client, userId } = useWho();
  const say = useAnnounce();
  return useOptimistic<FeedbackInput, RecommendationSet>({
    send: ({ id, feedback }) =>
      answerOf(
        client.api.POST(
          '/api/users/{userId}/recommendations/{recommendationId}/feedback',
          {
            params: {
              path: { userId, recommendationId: id },
              header: { 'Idempotency-Key': onceKey() },
            },
            body: feedback,
          },
        ),
      ),
    queryKey: keys.recommendations(userId),
    apply: (cached, { id, feedback }) => withFeedback(cached, id, feedback),
    touches: [keys.recommendations(userId)],
    done: ({ feedback }) => done?.(feedback),
    refused: (error) => say.wrong(en.common.refused(error.message)),
  });
}
