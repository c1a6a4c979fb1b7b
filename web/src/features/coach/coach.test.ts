import { describe, expect, it } from 'vitest';
import type { CoachedLearners, Standing } from '@/api/types';
import coached from '@/fixtures/data/coached-learners.json';
import { concernsOf, inOrder, needsAttention } from './attention';
import { concernText, standingFacts } from './CoachList';

const { learners } = coached as CoachedLearners;
const fine = learners.find((one) => one.userId === '4')?.standing as Standing;
const kinds = (standing: Standing) => concernsOf(standing).map((one) => one.kind);

describe('who may need attention', () => {
  it('is nobody who practises, keeps up and is on the way', () => {
    expect(kinds(fine)).toEqual([]);
  });

  it('is who has stopped, measured by their own rhythm', () => {
    const stopped = { ...fine, last_active: '2026-11-13' };
    expect(kinds({ ...stopped, active_days: 30 })).toEqual(['quiet']);
    expect(kinds({ ...stopped, active_days: 5 })).toEqual([]);
    expect(kinds({ ...fine, last_active: null })).toEqual(['quiet']);
  });

  it('is who has more reviews waiting than a week of minutes holds', () => {
    const of = (backlog_cleared: string | null) => ({
      ...fine,
      reviews: { due: 14, overdue: 12, backlog_cleared },
    });
    expect(kinds(of(null))).toEqual(['overdue']);
    expect(kinds(of('2026-11-25'))).toEqual([]);
  });

  it('is who does half of what they did, where that was something', () => {
    const of = (minutes: number, minutes_before: number) => ({
      ...fine,
      trend: { ...fine.trend, minutes, minutes_before },
    });
    expect(kinds(of(90, 200))).toEqual(['less']);
    expect(kinds(of(120, 200))).toEqual([]);
    expect(kinds(of(10, 50))).toEqual([]);
  });

  it('is who has left much of the path undone for a week', () => {
    const of = (overdue_steps: number, overdue_since: string) => ({
      ...fine,
      plan: { ...(fine.plan as NonNullable<Standing['plan']>), overdue_steps, overdue_since },
    });
    expect(kinds(of(8, '2026-11-10'))).toEqual(['late']);
    expect(kinds(of(8, '2026-11-20'))).toEqual([]);
    expect(kinds(of(2, '2026-11-10'))).toEqual([]);
  });

  it('is told once of somebody who has stopped', () => {
    const stopped = {
      ...fine,
      last_active: '2026-10-20',
      trend: { ...fine.trend, minutes: 0, minutes_before: 300 },
    };
    expect(kinds(stopped)).toEqual(['quiet']);
  });

  it('is who is unlikely to make it; not who cannot be forecast', () => {
    const goal = fine.goal as NonNullable<Standing['goal']>;
    const of = (probability: number | null) => ({ ...fine, goal: { ...goal, probability } });
    expect(kinds(of(0.2))).toEqual(['behind']);
    expect(kinds(of(null))).toEqual([]);
    expect(kinds({ ...fine, goal: null })).toEqual(['noGoal']);
  });
});

describe('a coach’s list', () => {
  it('begins with who needs somebody most, and ends with who is unknown', () => {
    const ordered = inOrder(learners);
    expect(ordered[0]?.learner.userId).toBe('21');
    expect(ordered.slice(-2).map((one) => one.learner.standing)).toEqual([null, null]);
  });

  it('counts no goal as a fact, not as a concern', () => {
    const without = inOrder(learners).find((one) => one.learner.userId === '8');
    expect(without?.concerns.map((one) => one.kind)).toEqual(['noGoal']);
    expect(without && needsAttention(without)).toBe(false);
  });

  it('has words for each concern and for how one stands', () => {
    for (const { concerns } of inOrder(learners))
      for (const one of concerns) expect(concernText(one)).not.toBe('');
    expect(concernText({ kind: 'behind', probability: 0.2, by: null })).toMatch(/20 %/);
    expect(standingFacts(fine).join(' ')).toMatch(/71 %/);
    expect(standingFacts({ ...fine, goal: null }).join(' ')).not.toMatch(/goal/);
  });
});
