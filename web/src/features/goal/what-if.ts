// What other minutes and another date would do to the chance of the goal.
//
// The engine works out a handful of scenarios by minutes a week, and the chance
// at any date for the planned minutes. Between its scenarios the chance is read
// off the line through them, straight in log odds; for another date the whole
// line is shifted by what the date does at the planned minutes. Both are exact
// where the engine answered itself and said to be about right elsewhere.
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
  low: number | null;
  mastery: number | null;
  high: number | null;
}

/** Those that say something, by minutes, each once, never falling. */
export function scenariosOf(predictions: SkillPredictions): Scenario[] {
  const all: Scenario[] = [];
  for (const one of predictions.what_if) {
    if (one.minutes_per_week === null || one.probability === null) continue;
    all.push({
      minutes: one.minutes_per_week,
      probability: one.probability,
      low: one.goal?.low_90 ?? null,
      mastery: one.goal?.mastery ?? null,
      high: one.goal?.high_90 ?? null,
    });
  }
  all.sort((a, b) => a.minutes - b.minutes);
  return all.filter((one, i) => one.minutes !== all[i - 1]?.minutes);
}

export interface Answer {
  probability: number;
  low: number | null;
  mastery: number | null;
  high: number | null;
  /** The engine's own figure, not one between two of them. */
  exact: boolean;
}

function between(a: number | null, b: number | null, t: number): number | null {
  return a === null || b === null ? null : a + (b - a) * t;
}

function atMinutes(scenarios: Scenario[], minutes: number): Answer | null {
  const at = scenarios.findIndex((one) => one.minutes >= minutes);
  const right = scenarios[at < 0 ? scenarios.length - 1 : at];
  if (!right) return null;
  const left = scenarios[at - 1];
  if (at < 0 || right.minutes === minutes || !left)
    return { ...right, exact: right.minutes === minutes };
  const t = (minutes - left.minutes) / (right.minutes - left.minutes);
  const odds =
    logit(left.probability) * (1 - t) + logit(right.probability) * t;
  return {
    probability: share(odds),
    low: between(left.low, right.low, t),
    mastery: between(left.mastery, right.mastery, t),
    high: between(left.high, right.high, t),
    exact: false,
  };
}

/** `moved` is the chance at the other date for the planned minutes; null while
 * the date is the goal's own. */
export function answerOf(
  scenarios: Scenario[],
  planned: number,
  minutes: number,
  moved: number | null,
): Answer | null {
  const here = atMinutes(scenarios, minutes);
  if (!here || moved === null) return here;
  const asPlanned = atMinutes(scenarios, planned);
  if (!asPlanned) return null;
  const none = { low: null, mastery: null, high: null };
  if (minutes === planned) return { probability: moved, ...none, exact: true };
  const shift = logit(moved) - logit(asPlanned.probability);
  return {
    probability: share(logit(here.probability) + shift),
    ...none,
    exact: false,
  };
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
