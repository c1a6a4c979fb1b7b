// What other minutes and another date would do to the chance of the goal, until
// the engine has answered.
//
// It works out a handful of scenarios by minutes a week. Between them the chance
// is read off the line through them, straight in log odds; for another date the
// line is shifted to go through the last figure that the engine gave for one.
import type { SkillPredictions } from '@/api/types';

const LEAST = 0.002; // log odds of 0 and 1 are none

function logit(p: number): number {
  const q = Math.min(1 - LEAST, Math.max(LEAST, p));
  return Math.log(q / (1 - q));
}

function share(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export interface Scenario {
  minutes: number;
  probability: number;
}

/** Those that say something, by minutes, each once. */
export function scenariosOf(predictions: SkillPredictions): Scenario[] {
  const all: Scenario[] = [];
  for (const { minutes_per_week, probability } of predictions.what_if)
    if (minutes_per_week !== null && probability !== null)
      all.push({ minutes: minutes_per_week, probability });
  all.sort((a, b) => a.minutes - b.minutes);
  return all.filter((one, i) => one.minutes !== all[i - 1]?.minutes);
}

/** What the engine said last: a chance, at so many minutes. */
export interface Told {
  minutes: number;
  probability: number;
}

/** Log odds at these minutes; null without scenarios. */
function oddsAt(scenarios: Scenario[], minutes: number): number | null {
  const at = scenarios.findIndex((one) => one.minutes >= minutes);
  const right = scenarios[at < 0 ? scenarios.length - 1 : at];
  if (!right) return null;
  const left = scenarios[at - 1];
  if (at < 0 || right.minutes === minutes || !left) return logit(right.probability);
  const t = (minutes - left.minutes) / (right.minutes - left.minutes);
  return logit(left.probability) * (1 - t) + logit(right.probability) * t;
}

/** About the chance at these minutes; `told` is of the date that is asked about,
 * where that is not the goal's own. */
export function estimateOf(
  scenarios: Scenario[],
  minutes: number,
  told: Told | null,
): number | null {
  const known = scenarios.find((one) => one.minutes === minutes);
  if (!told && known) return known.probability;
  const here = oddsAt(scenarios, minutes);
  if (here === null || !told) return here === null ? null : share(here);
  const there = oddsAt(scenarios, told.minutes);
  return there === null ? null : share(here + logit(told.probability) - there);
}

export interface Range {
  least: number;
  most: number;
  step: number;
}

/** Minutes that can be asked about: those between the scenarios. */
export function minutesRange(scenarios: Scenario[]): Range | null {
  const first = scenarios[0];
  const last = scenarios[scenarios.length - 1];
  if (!first || !last || last.minutes <= first.minutes) return null;
  const step = last.minutes - first.minutes > 300 ? 15 : 5;
  return {
    least: Math.ceil(first.minutes / step) * step,
    most: Math.floor(last.minutes / step) * step,
    step,
  };
}

/** Weekday minutes scaled to a new sum; none there: five equal days. */
export function weekdaysFor(now: number[] | undefined, week: number): number[] {
  const sum = now?.reduce((a, b) => a + b, 0) ?? 0;
  const shares =
    now && sum > 0 ? now.map((m) => m / sum) : [1, 1, 1, 1, 1, 0, 0].map((x) => x / 5);
  const whole = shares.map((s) => Math.floor(s * week));
  let rest = Math.round(week) - whole.reduce((a, b) => a + b, 0);
  return whole.map((m, i) => {
    const more = rest > 0 && (shares[i] ?? 0) > 0 ? 1 : 0;
    rest -= more;
    return m + more;
  });
}
