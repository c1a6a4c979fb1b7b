// What a learner does with a suggestion: takes it up, rates it, or steers away.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { onceKey, type Client } from '@/api/client';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { useOptimistic } from '@/api/optimistic';
import type { Feedback, Pace, Recommendation, RecommendationSet } from '@/api/types';
import { useProfile } from '@/features/profile/get-profile';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { useFeedback } from './api/post-feedback';
import type { RecommendationActions } from './RecommendedContent';
import { paceBeside, withoutContent } from './rules';

interface Away {
  one: Recommendation;
  kind: 'notNow' | 'hide' | 'easier' | 'harder';
  /** How fast difficulty is to rise from now on. */
  pace?: Pace;
}

async function sendAway({ api }: Client, userId: string, away: Away) {
  const header = () => ({ 'Idempotency-Key': onceKey() });
  const path = { userId };
  if (away.kind === 'hide')
    return answerOf(
      api.POST('/api/users/{userId}/learning-path/controls', {
        params: { path, header: header() },
        body: { kind: 'skip', content: away.one.content_id },
      }),
    );
  // The pace first: refused, the suggestion stays as it was.
  if (away.pace)
    await answerOf(
      api.PUT('/api/users/{userId}/profile', {
        params: { path, header: header() },
        body: { stated: { difficulty_progression_rate: away.pace } },
      }),
    );
  return answerOf(
    api.POST('/api/users/{userId}/recommendations/{recommendationId}/feedback', {
      params: { path: { userId, recommendationId: away.one.id }, header: header() },
      body: { action: 'dismissed' },
    }),
  );
}

function saidOf(away: Away): string {
  const t = en.next.said;
  if (away.pace) return t.pace(en.settings.pace[away.pace]);
  return away.kind === 'hide' ? t.hide(away.one.title) : t.notNow(away.one.title);
}

/** Puts a suggestion away: it is gone at once, and back where that is refused. */
function useAway() {
  const { client, userId } = useWho();
  const say = useAnnounce();
  return useOptimistic<Away, RecommendationSet>({
    send: (away) => sendAway(client, userId, away),
    queryKey: keys.recommendations(userId),
    apply: (cached, { one }) => withoutContent(cached, one.content_id),
    touches: [
      keys.recommendations(userId),
      keys.path(userId),
      keys.profile(userId),
    ],
    done: (away) => say(saidOf(away)),
    refused: (error) => say.wrong(en.common.refused(error.message)),
  });
}

export interface Steering {
  actions: RecommendationActions;
  pace: Pace;
}

export function useSteering(): Steering {
  const away = useAway();
  const say = useAnnounce();
  const feedback = useFeedback((told: Feedback) =>
    say(
      told.feedback_score
        ? en.recommendations.rated(told.feedback_score)
        : en.recommendations.accepted,
    ),
  );
  const pace =
    useProfile().data?.learningStyle.difficulty_progression_rate ?? 'moderate';
  const change = (one: Recommendation, kind: 'easier' | 'harder') => {
    const next = paceBeside(pace, kind);
    if (next) away.mutate({ one, kind, pace: next });
  };
  return {
    pace,
    actions: {
      onAccept: ({ id }) =>
        feedback.mutate({ id, feedback: { action: 'accepted' } }),
      onRate: ({ id }, score) =>
        feedback.mutate({ id, feedback: { feedback_score: score } }),
      onDismiss: (one) => away.mutate({ one, kind: 'notNow' }),
      onHide: (one) => away.mutate({ one, kind: 'hide' }),
      onEasier: (one) => change(one, 'easier'),
      onHarder: (one) => change(one, 'harder'),
    },
  };
}

/** The answer of the engine again, now. */
export function useLookAgain() {
  const { client, userId } = useWho();
  const queries = useQueryClient();
  const say = useAnnounce();
  return useMutation({
    mutationFn: () =>
      answerOf(
        client.api.POST('/api/users/{userId}/profile/analyze', {
          params: { path: { userId } },
        }),
      ),
    onError: (error) => say.wrong(en.common.refused(error.message)),
    onSettled: () =>
      queries.invalidateQueries({ queryKey: keys.learner(userId) }),
  });
}
