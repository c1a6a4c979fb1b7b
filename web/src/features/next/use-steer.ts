// What a learner does with a suggestion: begins it, or steers away from it.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import type { Pace, Recommendation, RecommendationSet } from '@/api/types';
import { useControl } from '@/features/path/api/post-control';
import { useFeedback } from '@/features/recommendations/api/post-feedback';
import { withoutContent } from '@/features/recommendations/rules';
import { usePutProfile } from '@/features/settings/api/put-profile';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { useRecord } from './api/post-events';

export function useStart() {
  const record = useRecord();
  const feedback = useFeedback();
  const say = useAnnounce();
  return useMutation({
    async mutationFn(one: Recommendation) {
      await record.mutateAsync({
        type: 'content_started',
        content: one.content_id,
      });
      if (one.user_action === null)
        await feedback.mutateAsync({
          id: one.id,
          feedback: { action: 'accepted' },
        });
    },
    onSuccess: (_data, one) => say(en.next.said.started(one.title)),
    onError: (error) => say(en.common.refused(error.message)),
  });
}

export function useSteer() {
  const { userId } = useWho();
  const queries = useQueryClient();
  const feedback = useFeedback();
  const control = useControl();
  const profile = usePutProfile();
  const say = useAnnounce();
  const refused = (error: Error) => say(en.common.refused(error.message));

  function putAway(one: Recommendation, said: string) {
    feedback.mutate(
      { id: one.id, feedback: { action: 'dismissed' } },
      { onSuccess: () => say(said), onError: refused },
    );
  }

  return {
    error: feedback.error ?? control.error ?? profile.error,
    notNow: (one: Recommendation) => putAway(one, en.next.said.notNow),
    pace(one: Recommendation, pace: Pace, step: 'easier' | 'harder') {
      profile.mutate(
        { stated: { difficulty_progression_rate: pace } },
        { onSuccess: () => putAway(one, en.next.said[step](pace)), onError: refused },
      );
    },
    hide(one: Recommendation) {
      const queryKey = keys.recommendations(userId);
      const before = queries.getQueryData<RecommendationSet>(queryKey);
      if (before)
        queries.setQueryData(queryKey, withoutContent(before, one.content_id));
      control.mutate(
        { kind: 'skip', content: one.content_id },
        {
          onSuccess: () => say(en.next.said.hide),
          onError(error) {
            if (before) queries.setQueryData(queryKey, before);
            refused(error);
          },
        },
      );
    },
  };
}

/** The answer of the engine again, now. */
export function useLookAgain() {
  const { client, userId } = useWho();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () =>
      answerOf(
        client.api.POST('/api/users/{userId}/profile/analyze', {
          params: { path: { userId } },
        }),
      ),
    onSettled: () =>
      queries.invalidateQueries({ queryKey: keys.learner(userId) }),
  });
}
