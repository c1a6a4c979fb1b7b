// The learning path as the page shows it: what waits for what, in which weeks,
// and what a wish does to it before the engine has answered.
import type { Catalogue, Control, LearningPath, PathStep } from '@/api/types';

const DAY_MS = 86_400_000;
const MOST_REASONS = 2;
const MOST_ORDER = 32; // of the control `reorder`

export type Filter = 'all' | 'ready' | 'reviews';

export function isReview(step: PathStep): boolean {
  return step.kind === 'review';
}

export function matches(step: PathStep, filter: Filter): boolean {
  if (filter === 'ready') return step.status === 'ready';
  if (filter === 'reviews') return isReview(step);
  return true;
}

/** Undone steps before this one that it waits for, the nearest first. */
export function waitsFor(
  step: PathStep,
  steps: PathStep[],
  catalogue: Catalogue | undefined,
): PathStep[] {
  if (step.status !== 'locked') return [];
  const concept = catalogue?.concepts.find((x) => x.id === step.concept);
  const content = catalogue?.contents.find((x) => x.id === step.content_id);
  const contents = new Set(content?.prerequisites);
  const concepts = new Set(concept?.prerequisites);
  const earlier = steps.filter(
    (other) => other.position < step.position && other.status !== 'done',
  );
  const own = (other: PathStep) => other.concept === step.concept;
  const reasons = earlier.filter(
    (other) =>
      own(other) ||
      (other.content_id !== null && contents.has(other.content_id)) ||
      other.unlocks.includes(step.concept) ||
      concepts.has(other.concept),
  );
  // A review comes after its skill was practised, nothing else.
  const counted = isReview(step) && reasons.some(own) ? reasons.filter(own) : reasons;
  const told = new Map<string, PathStep>();
  for (const one of counted.reverse())
    if (!told.has(one.title)) told.set(one.title, one);
  return [...told.values()].slice(0, isReview(step) ? 1 : MOST_REASONS);
}

/** Monday of the week of a day, both as "2026-11-23". */
export function weekOf(day: string): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  const since = (new Date(at).getUTCDay() + 6) % 7;
  return new Date(at - since * DAY_MS).toISOString().slice(0, 10);
}

export interface Stage {
  /** "done", or the Monday of a week. */
  id: string;
  steps: PathStep[];
  minutes: number;
  reviews: number;
}

function stageOf(id: string, steps: PathStep[]): Stage {
  return {
    id,
    steps,
    minutes: steps.reduce((sum, step) => sum + step.minutes, 0),
    reviews: steps.filter(isReview).length,
  };
}

/** What is done, then week by week, in the order of doing. */
export function stagesOf(steps: PathStep[], filter: Filter = 'all'): Stage[] {
  const shown = steps.filter((step) => matches(step, filter));
  const done = shown.filter((step) => step.status === 'done');
  const weeks = new Map<string, PathStep[]>();
  for (const step of shown) {
    if (step.status === 'done') continue;
    const week = weekOf(step.day);
    const there = weeks.get(week);
    if (there) there.push(step);
    else weeks.set(week, [step]);
  }
  const later = [...weeks].map(([week, of]) => stageOf(week, of));
  later.sort((a, b) => a.id.localeCompare(b.id));
  return done.length ? [stageOf('done', done), ...later] : later;
}

/** Contents that are not done, in their order, each once. */
export function orderOf(steps: PathStep[]): number[] {
  const order: number[] = [];
  for (const step of steps)
    if (
      step.status !== 'done' &&
      step.content_id !== null &&
      !order.includes(step.content_id)
    )
      order.push(step.content_id);
  return order;
}

/** The order after moving a content by one place; null where it cannot. */
export function moved(
  steps: PathStep[],
  content: number,
  by: -1 | 1,
): number[] | null {
  const order = orderOf(steps);
  const from = order.indexOf(content);
  const to = from + by;
  const other = order[to];
  if (from < 0 || other === undefined) return null;
  order[to] = content;
  order[from] = other;
  const kept = order.slice(0, Math.max(from, to) + 1);
  return kept.length > MOST_ORDER ? null : kept;
}

function renumbered(path: LearningPath, steps: PathStep[]): LearningPath {
  const total = path.path_config.steps_total;
  return {
    ...path,
    path_config: {
      ...path.path_config,
      steps: steps.map((step, position) => ({ ...step, position })),
      steps_total: total - (path.path_config.steps.length - steps.length),
    },
  };
}

function first(steps: PathStep[], order: number[]): PathStep[] {
  const rank = (step: PathStep) => {
    if (step.status === 'done') return -1;
    const at = step.content_id === null ? -1 : order.indexOf(step.content_id);
    return at < 0 ? order.length : at;
  };
  return [...steps].sort((a, b) => rank(a) - rank(b));
}

/** The path as it will about be: shown until the engine's own is there. */
export function foreseen(path: LearningPath, control: Control): LearningPath {
  const { steps } = path.path_config;
  if (control.kind === 'pin')
    return renumbered(path, first(steps, [control.content]));
  if (control.kind === 'reorder')
    return renumbered(path, first(steps, control.order));
  if (control.kind === 'skip')
    return renumbered(
      path,
      steps.filter(
        (step) =>
          step.status === 'done' ||
          (control.content !== undefined
            ? step.content_id !== control.content
            : step.concept !== control.concept),
      ),
    );
  if (control.kind === 'known')
    return renumbered(
      path,
      steps.filter(
        (step) =>
          step.status === 'done' ||
          step.concept !== control.concept ||
          isReview(step) ||
          step.kind === 'check',
      ),
    );
  return path;
}

export type Kept = LearningPath['controls'][number];

/** What takes one control back; null for those that only undo takes back. */
export function releaseOf(control: Kept): Control | null {
  if (control.kind === 'pin') return { kind: 'release', content: control.content };
  if (control.kind === 'known')
    return { kind: 'release', concept: control.concept };
  if (control.kind !== 'skip') return null;
  if (control.content !== undefined)
    return { kind: 'release', content: control.content };
  return control.concept !== undefined
    ? { kind: 'release', concept: control.concept }
    : null;
}

/** The pin on a content, where there is one. */
export function isPinned(path: LearningPath, content: number | null): boolean {
  return path.controls.some((x) => x.kind === 'pin' && x.content === content);
}
