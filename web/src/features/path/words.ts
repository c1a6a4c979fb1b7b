// What the path's controls and changes are called.
import type { Adaptation, Catalogue, PathStep } from '@/api/types';
import type { Names } from '@/features/catalogue/get-catalogue';
import { day, decimal, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { isReview, waitsFor, type Kept } from './steps';

const t = en.path;

function thing(control: { content?: number; concept?: string }, names: Names): string {
  if (control.content !== undefined)
    return names.content(control.content) ?? String(control.content);
  return control.concept === undefined ? '' : names.concept(control.concept);
}

/** A wish in a few words: "without Pot odds". */
export function wishText(control: Kept, names: Names): string {
  switch (control.kind) {
    case 'pin':
      return t.wishes.pin(thing(control, names));
    case 'skip':
      return t.wishes.skip(thing(control, names));
    case 'known':
      return t.wishes.known(thing(control, names));
    case 'release':
      return t.wishes.release(thing(control, names));
    case 'pace':
      return t.wishes.pace(decimal(control.factor, 2));
    case 'days_off':
      return t.wishes.days_off(control.days.length);
    case 'reorder':
    case 'freeze':
      return t.wishes[control.kind];
  }
}

/** What led to a change of the path; falls back to the engine's own words,
 * which changes of older versions have alone. */
export function causesOf(change: Adaptation, names: Names): string[] {
  const { cause } = change;
  if (!cause) return [change.why];
  if (cause.first) return [t.changes.first];
  const said: string[] = [];
  for (const control of cause.controls) {
    const what = wishText(control, names);
    said.push(control.undone ? t.changes.takenBack(what) : t.changes.given(what));
  }
  if (cause.answers) said.push(t.changes.answers(cause.answers));
  for (const one of cause.concepts)
    if (Math.round(one.mastery_before * 100) !== Math.round(one.mastery_after * 100))
      said.push(
        t.changes.moved(
          names.concept(one.concept),
          percent(one.mastery_before),
          percent(one.mastery_after),
        ),
      );
  if (cause.new_curriculum) said.push(t.changes.curriculum);
  if (cause.new_day) said.push(t.changes.newDay);
  if (cause.reason) said.push(t.changes.reason(cause.reason));
  if (!said.length && cause.events) said.push(t.changes.events(cause.events));
  return said.length ? said : [change.why];
}

function finishText(change: Adaptation): string | null {
  const moved = change.effect?.completion_moved_days;
  if (moved === null || moved === undefined) return null;
  if (moved === 0 || change.completion_after === null) return t.changes.sameFinish;
  const to = day(change.completion_after);
  return moved > 0 ? t.changes.later(moved, to) : t.changes.sooner(-moved, to);
}

/** What a change did to the steps, the finish and the chance. */
export function effectsOf(change: Adaptation): string[] {
  const said: string[] = [];
  if (change.steps_added) said.push(t.changes.added(change.steps_added));
  if (change.steps_removed) said.push(t.changes.removed(change.steps_removed));
  const { effect } = change;
  if (effect?.steps_moved) said.push(t.changes.shifted(effect.steps_moved));
  if (!said.length) said.push(t.changes.nothing);
  const finish = finishText(change);
  if (finish && !change.cause?.first) said.push(finish);
  const from = effect?.in_time_prob_before ?? null;
  const to = effect?.in_time_prob_after ?? null;
  if (from !== null && to !== null && percent(from) !== percent(to))
    said.push(t.changes.chance(percent(from), percent(to)));
  return said;
}

/** Why a step is locked; empty where it is not. */
export function waitsText(
  step: PathStep,
  steps: PathStep[],
  catalogue: Catalogue | undefined,
): string {
  if (step.status !== 'locked') return '';
  const titles = waitsFor(step, steps, catalogue).map((one) =>
    isReview(one) ? t.reviewOf(one.title) : one.title,
  );
  return titles.length ? t.lockedBy(titles.join(', ')) : t.lockedEarlier;
}
