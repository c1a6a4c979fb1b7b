// What recommendations say in numbers, and what becomes of a list.
import type {
  Contribution,
  Feedback,
  Pace,
  Recommendation,
  RecommendationSet,
} from '@/api/types';

/** The list with feedback noted; what was dismissed or done is gone. */
export function withFeedback(
  set: RecommendationSet,
  id: number,
  feedback: Feedback,
): RecommendationSet {
  const gone = feedback.action === 'dismissed' || feedback.action === 'completed';
  return {
    ...set,
    recommendations: set.recommendations
      .filter((one) => !(gone && one.id === id))
      .map((one) =>
        one.id === id
          ? {
              ...one,
              user_action: feedback.action ?? one.user_action,
              feedback_score: feedback.feedback_score ?? one.feedback_score,
            }
          : one,
      ),
  };
}

/** The list without a content, whatever is asked of it. */
export function withoutContent(
  set: RecommendationSet,
  contentId: number,
): RecommendationSet {
  return {
    ...set,
    recommendations: set.recommendations.filter(
      (one) => one.content_id !== contentId,
    ),
  };
}

export interface Bar {
  term: Contribution['term'] | 'baseline';
  value: number;
  /** Where it begins and ends on the way from 0 to the score. */
  from: number;
  to: number;
}

/** A waterfall: the average candidate, then each term, weightiest first. The
 * last one ends at the score. */
export function barsOf(
  baseline: number,
  contributions: Contribution[],
): Bar[] {
  const bars: Bar[] = [{ term: 'baseline', value: baseline, from: 0, to: baseline }];
  const sorted = contributions
    .filter((one) => Math.abs(one.contribution) >= 0.0005)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  let at = baseline;
  for (const { term, contribution } of sorted) {
    bars.push({ term, value: contribution, from: at, to: at + contribution });
    at += contribution;
  }
  return bars;
}

/** Whether the bars sum to the score that was given, within what is hidden. */
export function sumsTo(bars: Bar[], score: number): boolean {
  const end = bars.at(-1)?.to ?? 0;
  return Math.abs(end - score) < 0.01;
}

const paces: Pace[] = ['slow', 'moderate', 'fast'];

/** The pace one step easier or harder; null at the end of the scale. */
export function paceBeside(pace: Pace, step: 'easier' | 'harder'): Pace | null {
  return paces[paces.indexOf(pace) + (step === 'easier' ? -1 : 1)] ?? null;
}

/** What is first, and the rest. */
export function split(set: RecommendationSet): {
  next: Recommendation | null;
  others: Recommendation[];
} {
  const open = set.recommendations.filter(
    (one) => one.user_action !== 'completed' && one.user_action !== 'dismissed',
  );
  const begun = open.find((one) => one.user_action === 'accepted');
  const next = begun ?? open[0] ?? null;
  return { next, others: open.filter((one) => one !== next) };
}
