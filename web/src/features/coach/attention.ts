// Who may need a coach, and why.
import type { CoachedLearner, Standing } from '@/api/types';

const DAY_MS = 86_400_000;
const WINDOW_DAYS = 60; // that active days are counted in
const QUIET_DAYS = 7;
const MANY_OVERDUE = 5;
const CLEARED_DAYS = 7; // a backlog gone by then takes care of itself
const LATE_STEPS = 5; // of the next twelve
const LATE_DAYS = 7;
const MUCH_MIN = 60; // in four weeks: less says nothing by halving
const UNLIKELY = 0.45;

export type Concern =
  | { kind: 'quiet'; days: number | null }
  | { kind: 'overdue'; reviews: number }
  | { kind: 'late'; steps: number; since: string }
  | { kind: 'less'; minutes: number; before: number }
  | { kind: 'behind'; probability: number; by: string | null }
  | { kind: 'noGoal' };

export interface Judged {
  learner: CoachedLearner;
  concerns: Concern[];
  /** The larger, the sooner somebody should look; 0: nothing stands out. */
  weight: number;
}

function daysSince(day: string, today: string): number {
  return Math.floor(
    (Date.parse(`${today}T00:00:00Z`) - Date.parse(`${day}T00:00:00Z`)) / DAY_MS,
  );
}

/** Longer than usual for this learner: twice the mean gap between their days of
 * practice, and a week at least. */
function isQuiet(days: number | null, activeDays: number): boolean {
  if (days === null) return true;
  const gap = activeDays ? WINDOW_DAYS / activeDays : 0;
  return days >= Math.max(QUIET_DAYS, 2 * gap);
}

function staysOverdue({ reviews, today }: Standing): boolean {
  if (reviews.overdue < MANY_OVERDUE) return false;
  const { backlog_cleared } = reviews;
  return backlog_cleared === null || daysSince(today, backlog_cleared) > CLEARED_DAYS;
}

/** Half as much practice as before, where there was some. */
function halved({ trend }: Standing): boolean {
  return trend.minutes_before >= MUCH_MIN && trend.minutes < trend.minutes_before / 2;
}

function weightOf(concern: Concern): number {
  switch (concern.kind) {
    case 'quiet':
      return Math.min(4, (concern.days ?? 28) / 7);
    case 'overdue':
      return Math.min(3, concern.reviews / 5);
    case 'late':
      return concern.steps / 6;
    case 'less':
      return 1;
    case 'behind':
      return 1 + 4 * (0.5 - concern.probability);
    case 'noGoal':
      return 0.2;
  }
}

/** What stands out of how a learner stands. Somebody who has stopped is late and
 * does less: that is said once. */
export function concernsOf(standing: Standing): Concern[] {
  const concerns: Concern[] = [];
  const { last_active, today, goal, plan, trend } = standing;
  const days = last_active === null ? null : daysSince(last_active, today);
  const since = plan?.overdue_since ?? null;
  if (isQuiet(days, standing.active_days)) concerns.push({ kind: 'quiet', days });
  else if (halved(standing))
    concerns.push({
      kind: 'less',
      minutes: trend.minutes,
      before: trend.minutes_before,
    });
  else if (plan && since && plan.overdue_steps >= LATE_STEPS && daysSince(since, today) >= LATE_DAYS)
    concerns.push({ kind: 'late', steps: plan.overdue_steps, since });
  if (staysOverdue(standing))
    concerns.push({ kind: 'overdue', reviews: standing.reviews.overdue });
  if (!goal) concerns.push({ kind: 'noGoal' });
  else if (goal.probability !== null && goal.probability < UNLIKELY)
    concerns.push({ kind: 'behind', probability: goal.probability, by: goal.timeline });
  return concerns.sort((a, b) => weightOf(b) - weightOf(a));
}

function judge(learner: CoachedLearner): Judged {
  const concerns = learner.standing ? concernsOf(learner.standing) : [];
  const weight = concerns.reduce((sum, one) => sum + weightOf(one), 0);
  return { learner, concerns, weight: learner.standing ? weight : -1 };
}

/** Those first who may need somebody; those of whom nothing is known last. */
export function inOrder(learners: CoachedLearner[]): Judged[] {
  return learners.map(judge).sort((a, b) => b.weight - a.weight);
}

export function needsAttention({ concerns }: Judged): boolean {
  return concerns.some((one) => one.kind !== 'noGoal');
}
