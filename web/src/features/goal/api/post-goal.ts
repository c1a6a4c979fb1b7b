import { onceKey } from '@/api/client';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { useOptimistic } from '@/api/optimistic';
import type { Goal, PersonalizationProfile } from '@/api/types';

/** A new goal in place of the one before. */
export function usePostGoal() {
  const { client, userId } = useWho();
  return useOptimistic<Goal, PersonalizationProfile>({
    send: (body) =>
      answerOf(
        client.api.POST('/api/users/{userId}/goals', {
          params: {
            path: { userId },
            header: { 'Idempotency-Key': onceKey() },
          },
          body,
        }),
      ),
    queryKey: keys.profile(userId),
    apply: (cached, goal) => ({
      ...cached,
      goals: {
        ...cached.goals,
        target_skill_level: goal.target_skill_level ?? 'expert',
        timeline: goal.timeline ?? null,
        priority_areas: goal.priority_areas ?? [],
        motivation_type: goal.motivation_type ?? 'mastery',
      },
    }),
    touches: [keys.learner(userId)],
  });
}
