// Who may need a coach, and why.
import type { ProgressAnalytics, ReviewQueue, SkillPredictions } from '@/api/types';

const DAY_MS = 86_400_000;
const QUIET_DAYS = 7;
const MANY_OVERDUE = 5;
const CLEARED_DAYS = 7; // a backlog gone by then takes care of itself
const UNLIKELY = 0.45;

export interface Seen {
  analytics: ProgressAnalytics;
  reviews: ReviewQueue;
  predictions: SkillPredictions;
}

export type Concern =
  | { kind: 'quiet'; days: number | null }
  | { kind: 'overdue'; reviews: number }
  | { kind: 'behind'; probability: number; by: string | null }
  | { kind: 'noGoal' };

export interface Standing {
  concerns: Concern[];
  /** The larger, the sooner somebody should look; 0: nothing stands out. */
  weight: number;
  lastActive: string | null;
  probability: number | null;
}

/** Last day with practice within the window that was asked for. */
export function lastActive(analytics: ProgressAnalytics): string | null {
  const days = analytics.time_on_task.by_day;
  return days[days.length - 1]?.date ?? null;
}

/** Longer than usual for this learner: twice the mean gap between their days of
 * practice, and a week at least. */
function isQuiet(days: number | null, { window }: ProgressAnalytics): boolean {
  if (days === null) return true;
  const all = daysSince(window.from, window.to) + 1;
  const gap = window.active_days ? all / window.active_days : 0;
  return days >= Math.max(QUIET_DAYS, 2 * gap);
}

function staysOverdue(reviews: ReviewQueue): boolean {
  if (reviews.overdue < MANY_OVERDUE) return false;
  const { backlog_cleared, today } = reviews;
  return backlog_cleared === null || daysSince(today, backlog_cleared) > CLEARED_DAYS;
}

function daysSince(day: string, today: string): number {
  return Math.floor(
    (Date.parse(`${today}T00:00:00Z`) - Date.parse(`${day}T00:00:00Z`)) / DAY_MS,
  );
}

function weightOf(concern: Concern): number {
  switch (concern.kind) {
    case 'quiet':
      return Math.min(4, (concern.days ?? 28) / 7);
    case 'overdue':
      return Math.min(3, concern.reviews / 5);
    case 'behind':
      return 1 + 4 * (0.5 - concern.probability);
    case 'noGoal':
      return 0.2;
  }
}

export function standingOf({ analytics, reviews, predictions }: Seen): Standing {
  const concerns: Concern[] = [];
  const last = lastActive(analytics);
  const days = last === null ? null : daysSince(last, reviews.today);
  if (isQuiet(days, analytics)) concerns.push({ kind: 'quiet', days });
  if (staysOverdue(reviews))
    concerns.push({ kind: 'overdue', reviews: reviews.overdue });
  const { goal } = predictions;
  if (!goal) concerns.push({ kind: 'noGoal' });
  else if (goal.probability !== null && goal.probability < UNLIKELY)
    concerns.push({
      kind: 'behind',
      probability: goal.probability,
      by: goal.timeline,
    });
  concerns.sort((a, b) => weightOf(b) - weightOf(a));
  return {
    concerns,
    weight: concerns.reduce((sum, one) => sum + weightOf(one), 0),
    lastActive: last,
    probability: goal?.probability ?? null,
  };
}
