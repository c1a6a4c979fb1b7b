// Figures of the charts, and what the evidence allows to be said.
import type {
  PersonalizationProfile,
  ProgressAnalytics,
  ReviewQueue,
} from '@/api/types';

const Z90 = 1.6449;
const LEAST_PER_ARM = 30;

export interface Interval {
  low: number;
  high: number;
}

/** Wilson's 90 % interval of a share. */
export function wilson(right: number, n: number): Interval | null {
  if (n <= 0) return null;
  const p = right / n;
  const z2 = Z90 * Z90;
  const middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half =
    (Z90 / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

export interface Bucket {
  /** A day, or the Monday of a week. */
  date: string;
  minutes: number;
  answers: number;
  right: number;
  accuracy: number | null;
  range: Interval | null;
  mastery: number | null;
}

const DAY_MS = 86_400_000;

/** Mean mastery over areas at each week that has a value of any. */
function masteryByWeek(data: ProgressAnalytics, area: string | null) {
  const trends = data.trends.filter((x) => area === null || x.area === area);
  const last = new Map<string, number>();
  const weeks = new Map<string, [string, number][]>();
  for (const trend of trends)
    for (const point of trend.mastery) {
      const there = weeks.get(point.week) ?? [];
      there.push([trend.area, point.value]);
      weeks.set(point.week, there);
    }
  const means = new Map<string, number>();
  for (const week of [...weeks.keys()].sort()) {
    for (const [name, value] of weeks.get(week) ?? []) last.set(name, value);
    const values = [...last.values()];
    // An area without a value yet would change the mean by appearing.
    if (values.length === trends.length)
      means.set(week, values.reduce((a, b) => a + b, 0) / values.length);
  }
  return means;
}

function daysBetween(from: string, to: string): string[] {
  const out: string[] = [];
  const end = Date.parse(`${to}T00:00:00Z`);
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= end; at += DAY_MS)
    out.push(new Date(at).toISOString().slice(0, 10));
  return out;
}

function mondayOf(day: string): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  return new Date(at - ((new Date(at).getUTCDay() + 6) % 7) * DAY_MS)
    .toISOString()
    .slice(0, 10);
}

/** Every day of a short window or week of a long one, those without practice
 * too: a pause is seen. */
export function bucketsOf(
  data: ProgressAnalytics,
  by: 'day' | 'week',
  area: string | null,
): Bucket[] {
  const mastery = masteryByWeek(data, area);
  const days = daysBetween(data.window.from, data.window.to);
  const dates = by === 'day' ? days : [...new Set(days.map(mondayOf))];
  const rows = new Map<string, { minutes: number; answers: number; right: number }>(
    by === 'day'
      ? data.time_on_task.by_day.map((x) => [x.date, x])
      : data.time_on_task.by_week.map((x) => [x.week, x]),
  );
  return dates.map((date) => {
    const row = rows.get(date);
    const answers = row?.answers ?? 0;
    const right = row?.right ?? 0;
    return {
      date,
      minutes: row?.minutes ?? 0,
      answers,
      right,
      accuracy: answers ? right / answers : null,
      range: wilson(right, answers),
      mastery: mastery.get(by === 'week' ? date : mondayOf(date)) ?? null,
    };
  });
}

/** A share of fewer answers says next to nothing: it is not drawn. */
export const LEAST_DRAWN = 5;

export function isDrawn(bucket: Bucket, measure: 'accuracy' | 'mastery'): boolean {
  return measure === 'accuracy'
    ? bucket.answers >= LEAST_DRAWN
    : bucket.mastery !== null;
}

export type Direction = 'up' | 'down' | 'unclear';

/** Only where the engine's interval of the slope leaves out 0. */
export function directionOf(
  profile: PersonalizationProfile,
  area: string | null,
): Direction {
  if (area === null) return 'unclear';
  const trend = profile.skillProfile.improvement_trajectory.find(
    (x) => x.area === area,
  );
  return trend?.direction ?? 'unclear';
}

// ---- reviews -------------------------------------------------------------

export interface DueBar {
  date: string;
  due: number;
  planned: number;
  waiting: number;
  off: boolean;
}

export function dueBars(queue: ReviewQueue): DueBar[] {
  return queue.days.map((x) => ({
    date: x.date,
    due: x.due,
    planned: x.planned,
    waiting: x.waiting,
    off: x.day_off,
  }));
}

// ---- what may be claimed -------------------------------------------------

export type FormatName = 'visual' | 'analytical' | 'interactive';
export const FORMATS: FormatName[] = ['visual', 'analytical', 'interactive'];

export interface FormatClaim {
  format: FormatName;
  effect: number;
  low: number;
  high: number;
  n: number;
}

/** Effects that may be shown: a 90 % interval without 0, and 30 exposures in
 * each of at least two formats, this one among them. */
export function formatClaims(profile: PersonalizationProfile): FormatClaim[] {
  const effects = profile.evidence.preferred_content_type.format_effects;
  const enough = FORMATS.filter((f) => (effects[f].n ?? 0) >= LEAST_PER_ARM);
  if (enough.length < 2) return [];
  const claims: FormatClaim[] = [];
  for (const format of enough) {
    const { effect, low, high, n } = effects[format];
    if (effect === null || low === null || high === null || n === null) continue;
    if (low > 0 || high < 0) claims.push({ format, effect, low, high, n });
  }
  return claims;
}

export interface HourClaim {
  from: number;
  to: number;
  effect: number;
  low: number;
  high: number;
  n: number;
}

export function hourClaims(profile: PersonalizationProfile): HourClaim[] {
  const claims: HourClaim[] = [];
  for (const slot of profile.behavioralMetrics.optimal_study_times) {
    const { effect, low, high, n } = slot;
    if (effect === null || low === null || high === null || n === null) continue;
    if (n >= LEAST_PER_ARM && (low > 0 || high < 0))
      claims.push({
        from: slot.from_hour,
        to: slot.to_hour,
        effect,
        low,
        high,
        n,
      });
  }
  return claims;
}

// ---- calibration ---------------------------------------------------------

export interface Dot {
  predicted: number;
  observed: number;
  n: number;
  range: Interval | null;
}

export function dotsOf(quality: ProgressAnalytics['calibration']): Dot[] {
  const dots: Dot[] = [];
  for (const bin of quality.bins)
    if (bin.n > 0 && bin.predicted !== null && bin.observed !== null)
      dots.push({
        predicted: bin.predicted,
        observed: bin.observed,
        n: bin.n,
        range: wilson(bin.observed * bin.n, bin.n),
      });
  return dots;
}

export type Verdict = 'tooFew' | 'close' | 'fair' | 'off';

export function verdictOf(quality: ProgressAnalytics['calibration']): Verdict {
  if (quality.n < 50 || quality.ece === null) return 'tooFew';
  if (quality.ece <= 0.05) return 'close';
  return quality.ece <= 0.1 ? 'fair' : 'off';
}
