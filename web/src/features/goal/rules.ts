// Days of the goal, and the goal in force as what is posted to change it.
import type { Goal, PersonalizationProfile } from '@/api/types';

const DAY_MS = 86_400_000;
export const MOST_DAYS = 730; // ahead, of a forecast

type Goals = PersonalizationProfile['goals'];

export function hasGoal(goals: Goals): boolean {
  return goals.target_skill_level !== null;
}

/** All of it: what is left out of a new goal falls back to its default. */
export function asGoal(goals: Goals): Goal {
  return {
    ...(goals.target_skill_level
      ? { target_skill_level: goals.target_skill_level }
      : {}),
    ...(goals.timeline ? { timeline: goals.timeline } : {}),
    ...(goals.motivation_type ? { motivation_type: goals.motivation_type } : {}),
    priority_areas: goals.priority_areas ?? [],
    target_concepts: goals.target_concepts ?? [],
    ...(goals.desired_retention !== undefined
      ? { desired_retention: goals.desired_retention }
      : {}),
  };
}

export function dayAfter(from: string, days: number): string {
  const at = Date.parse(`${from.slice(0, 10)}T00:00:00Z`) + days * DAY_MS;
  return new Date(at).toISOString().slice(0, 10);
}

export function daysFrom(from: string, to: string): number {
  const ms =
    Date.parse(`${to.slice(0, 10)}T00:00:00Z`) -
    Date.parse(`${from.slice(0, 10)}T00:00:00Z`);
  return Math.round(ms / DAY_MS);
}

/** Weeks that the slider of dates spans: twice as far as the date of the goal,
 * at least half a year, within what can be forecast. */
export function weeksAhead(today: string, timeline: string | null): number {
  const goal = timeline ? Math.ceil(daysFrom(today, timeline) / 7) : 0;
  const most = Math.floor(MOST_DAYS / 7);
  return Math.max(1, Math.min(most, Math.max(26, 2 * goal)));
}
