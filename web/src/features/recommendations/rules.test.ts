import { describe, expect, it } from 'vitest';
import recommendations from '@/fixtures/data/recommendations.json';
import type { RecommendationSet } from '@/api/types';
import {
  barsOf,
  paceBeside,
  split,
  sumsTo,
  withFeedback,
  withoutContent,
} from './rules';

const set = recommendations as RecommendationSet;
const [first, second] = set.recommendations;
if (!first || !second) throw new Error('the fixture has no two');

describe('bars', () => {
  it('end at the score, each beginning where the one before ends', () => {
    for (const { reasoning } of set.recommendations) {
      const bars = barsOf(reasoning.baseline, reasoning.contributions);
      expect(sumsTo(bars, reasoning.score)).toBe(true);
      for (let i = 1; i < bars.length; i += 1)
        expect(bars[i]?.from).toBe(bars[i - 1]?.to);
    }
  });

  it('leave out what does not count', () => {
    const bars = barsOf(0.4, [
      { term: 'novelty', value: 1, weight: 0, contribution: 0.0001 },
    ]);
    expect(bars.map((bar) => bar.term)).toEqual(['baseline']);
  });
});

describe('feedback', () => {
  it('takes a dismissed one out and leaves the others', () => {
    const after = withFeedback(set, first.id, { action: 'dismissed' });
    expect(after.recommendations).toEqual(set.recommendations.slice(1));
  });

  it('notes a rating beside what was done before', () => {
    const taken = withFeedback(set, first.id, { action: 'accepted' });
    const rated = withFeedback(taken, first.id, { feedback_score: 4 });
    expect(rated.recommendations[0]).toMatchObject({
      user_action: 'accepted',
      feedback_score: 4,
    });
  });

  it('hides a content wherever it stands', () => {
    const after = withoutContent(set, second.content_id);
    expect(after.recommendations.some((x) => x.id === second.id)).toBe(false);
  });
});

describe('the next action', () => {
  it('is the best one, until another was begun', () => {
    expect(split(set).next).toBe(first);
    const begun = withFeedback(set, second.id, { action: 'accepted' });
    expect(split(begun).next?.id).toBe(second.id);
  });

  it('is none where nothing is left', () => {
    expect(split({ ...set, recommendations: [] })).toEqual({
      next: null,
      others: [],
    });
  });

  it('goes easier and harder up to the ends of the scale', () => {
    expect(paceBeside('moderate', 'easier')).toBe('slow');
    expect(paceBeside('moderate', 'harder')).toBe('fast');
    expect(paceBeside('slow', 'easier')).toBeNull();
    expect(paceBeside('fast', 'harder')).toBeNull();
  });
});
