import { describe, expect, it } from 'vitest';
import type { ProgressAnalytics, ReviewQueue, SkillPredictions } from '@/api/types';
import analyticsJson from '@/fixtures/data/progress-analytics.json';
import reviewsJson from '@/fixtures/data/reviews.json';
import predictionsJson from '@/fixtures/data/skill-predictions.json';
import { createGate } from '@/lib/gate';
import { lastActive, standingOf } from './attention';
import { concernText, inOrder, needsAttention, type Row } from './CoachList';

const analytics = analyticsJson as unknown as ProgressAnalytics;
const reviews = {
  ...(reviewsJson as unknown as ReviewQueue),
  today: '2026-11-23',
  overdue: 0,
  backlog_cleared: '2026-11-23',
};
const predictions = predictionsJson as unknown as SkillPredictions;
const goal = predictions.goal as NonNullable<SkillPredictions['goal']>;

function active(date: string, days = 30): ProgressAnalytics {
  return {
    ...analytics,
    window: { ...analytics.window, from: '2026-09-25', to: '2026-11-23', active_days: days },
    time_on_task: {
      ...analytics.time_on_task,
      by_day: [{ date, minutes: 10, answers: 5, right: 4, accuracy: 0.8 }],
    },
  };
}

const sure = { ...predictions, goal: { ...goal, probability: 0.8 } };
const kinds = (seen: Parameters<typeof standingOf>[0]) =>
  standingOf(seen).concerns.map((one) => one.kind);

describe('who may need attention', () => {
  it('is nobody who practises, keeps up and is on the way', () => {
    expect(kinds({ analytics: active('2026-11-22'), reviews, predictions: sure })).toEqual([]);
  });

  it('is who has stopped, measured by their own rhythm', () => {
    const daily = active('2026-11-13', 30);
    const rarely = active('2026-11-13', 5);
    expect(kinds({ analytics: daily, reviews, predictions: sure })).toEqual(['quiet']);
    expect(kinds({ analytics: rarely, reviews, predictions: sure })).toEqual([]);
  });

  it('is who has more reviews waiting than a week of minutes holds', () => {
    const seen = { analytics: active('2026-11-22'), predictions: sure };
    const much = { ...reviews, overdue: 12, backlog_cleared: null };
    const soon = { ...reviews, overdue: 12, backlog_cleared: '2026-11-25' };
    expect(kinds({ ...seen, reviews: much })).toEqual(['overdue']);
    expect(kinds({ ...seen, reviews: soon })).toEqual([]);
  });

  it('is who is unlikely to make it; not who cannot be forecast', () => {
    const seen = { analytics: active('2026-11-22'), reviews };
    const of = (probability: number | null) => ({
      ...predictions,
      goal: { ...goal, probability },
    });
    expect(kinds({ ...seen, predictions: of(0.2) })).toEqual(['behind']);
    expect(kinds({ ...seen, predictions: of(null) })).toEqual([]);
    expect(kinds({ ...seen, predictions: { ...predictions, goal: null } })).toEqual(['noGoal']);
  });

  it('has words for each concern', () => {
    expect(concernText({ kind: 'quiet', days: null })).toMatch(/No practice/);
    expect(concernText({ kind: 'behind', probability: 0.2, by: null })).toMatch(/20 %/);
    expect(lastActive(active('2026-11-22'))).toBe('2026-11-22');
  });

  it('comes first in the list, who was not looked at yet last', () => {
    const row = (userId: string, weight: number | null): Row => ({
      userId,
      state: weight === null ? 'looking' : 'seen',
      seen:
        weight === null
          ? null
          : { userId, due: 0, concerns: [], weight, lastActive: null, probability: null },
    });
    const rows = [row('1', null), row('2', 0), row('3', 5)];
    expect(inOrder(rows).map((one) => one.userId)).toEqual(['3', '2', '1']);
    expect(rows.some(needsAttention)).toBe(false);
  });
});

describe('the gate', () => {
  it('lets through so many at a time, and all in the end', async () => {
    const gate = createGate(2);
    let inside = 0;
    let most = 0;
    const work = () =>
      gate(async () => {
        inside += 1;
        most = Math.max(most, inside);
        await Promise.resolve();
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 9 }, work));
    expect(most).toBeLessThanOrEqual(2);
    expect(inside).toBe(0);
  });

  it('goes on after one has failed', async () => {
    const gate = createGate(1);
    await expect(gate(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(gate(() => Promise.resolve(7))).resolves.toBe(7);
  });
});
