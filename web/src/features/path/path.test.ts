import { describe, expect, it } from 'vitest';
import type { Adaptation, Catalogue, LearningPath, PathStep } from '@/api/types';
import { namesOf } from '@/features/catalogue/get-catalogue';
import catalogueJson from '@/fixtures/data/catalogue.json';
import pathJson from '@/fixtures/data/learning-path.json';
import { graphOf, neighbour } from './graph';
import {
  foreseen,
  isReview,
  moved,
  orderOf,
  releaseOf,
  stagesOf,
  waitsFor,
  weekOf,
} from './steps';
import { causesOf, effectsOf, wishText } from './words';

const path = pathJson as unknown as LearningPath;
const catalogue = catalogueJson as unknown as Catalogue;
const names = namesOf(catalogue);
const { steps } = path.path_config;

function step(position: number, more: Partial<PathStep>): PathStep {
  return {
    position,
    kind: 'lesson',
    status: 'ready',
    content_id: 100 + position,
    title: `Lesson ${position}`,
    concept: `c.${position}`,
    day: '2026-11-24',
    minutes: 10,
    part: 1,
    parts: 1,
    mastery_before: 0.2,
    mastery_after: 0.4,
    success: 0.5,
    session: 1,
    unlocks: [],
    why: 'Because.',
    now: '',
    ...more,
  };
}

describe('why a step is locked', () => {
  it('is the earlier steps that open its skill, the nearest first', () => {
    const all = [
      step(0, { unlocks: ['c.2'] }),
      step(1, { concept: 'c.2' }),
      step(2, { status: 'locked' }),
    ];
    const found = waitsFor(all[2] as PathStep, all, undefined);
    expect(found.map((one) => one.position)).toEqual([1, 0]);
  });

  it('is nothing that is done, and nothing for a step that is ready', () => {
    const all = [
      step(0, { status: 'done', unlocks: ['c.1'] }),
      step(1, { status: 'locked' }),
    ];
    expect(waitsFor(all[1] as PathStep, all, undefined)).toEqual([]);
    expect(waitsFor(all[0] as PathStep, all, undefined)).toEqual([]);
  });

  it('is, for a review, the practice of its own skill alone', () => {
    const all = [
      step(0, { unlocks: ['c.1'] }),
      step(1, {}),
      step(2, { kind: 'review', content_id: null, concept: 'c.1', status: 'locked' }),
    ];
    const found = waitsFor(all[2] as PathStep, all, undefined);
    expect(found.map((one) => one.position)).toEqual([1]);
  });

  it('is told of the locked lessons of a real path', () => {
    const locked = steps.filter((one) => one.status === 'locked' && !isReview(one));
    const told = locked.filter((one) => waitsFor(one, steps, catalogue).length > 0);
    expect(locked.length).toBeGreaterThan(0);
    expect(told.length).toBe(locked.length);
  });
});

describe('the sections of the list', () => {
  it('hold each step once', () => {
    const stages = stagesOf(steps);
    expect(stages.flatMap((one) => one.steps)).toHaveLength(steps.length);
    expect(stages[0]?.id).toBe('done');
    const weeks = stages.slice(1).map((one) => one.id);
    expect(weeks).toEqual([...weeks].sort());
  });

  it('are of the steps that are asked for', () => {
    const reviews = stagesOf(steps, 'reviews').flatMap((one) => one.steps);
    expect(reviews.every(isReview)).toBe(true);
    const ready = stagesOf(steps, 'ready').flatMap((one) => one.steps);
    expect(ready.every((one) => one.status === 'ready')).toBe(true);
  });

  it('begin on Mondays', () => {
    expect(weekOf('2026-11-23')).toBe('2026-11-23');
    expect(weekOf('2026-11-29')).toBe('2026-11-23');
    expect(weekOf('2027-01-01')).toBe('2026-12-28');
  });
});

describe('moving a step', () => {
  const all = [step(0, {}), step(1, {}), step(2, {})];

  it('swaps it with its neighbour', () => {
    expect(moved(all, 102, -1)).toEqual([100, 102, 101]);
    expect(moved(all, 100, 1)).toEqual([101, 100]);
  });

  it('ends at the ends, and at what one control holds', () => {
    expect(moved(all, 100, -1)).toBeNull();
    expect(moved(all, 102, 1)).toBeNull();
    const many = Array.from({ length: 40 }, (_, i) => step(i, {}));
    expect(moved(many, 131, -1)).toHaveLength(32);
    expect(moved(many, 132, -1)).toBeNull();
  });
});

describe('a wish, before the engine has answered', () => {
  const open = steps.find((one) => one.status !== 'done' && one.content_id !== null);
  const content = open?.content_id ?? 0;

  it('skips: the content is gone, what is done stays', () => {
    const after = foreseen(path, { kind: 'skip', content }).path_config;
    const left = after.steps.filter((one) => one.content_id === content);
    expect(left.every((one) => one.status === 'done')).toBe(true);
    expect(after.steps_total).toBeLessThan(path.path_config.steps_total);
  });

  it('pins: the content comes first of what is open', () => {
    const last = orderOf(steps).at(-1) ?? 0;
    const after = foreseen(path, { kind: 'pin', content: last }).path_config.steps;
    expect(after.find((one) => one.status !== 'done')?.content_id).toBe(last);
    expect(after.map((one) => one.position)).toEqual(after.map((_, i) => i));
  });

  it('known: no lessons of it are left', () => {
    const concept = open?.concept ?? '';
    const after = foreseen(path, { kind: 'known', concept }).path_config.steps;
    const lessons = after.filter(
      (one) =>
        one.concept === concept && one.status !== 'done' && one.kind === 'lesson',
    );
    expect(lessons).toEqual([]);
  });

  it('leaves the path alone where nobody can foresee it', () => {
    expect(foreseen(path, { kind: 'undo' })).toBe(path);
  });

  it('is taken back by its own kind', () => {
    const back = path.controls.map(releaseOf);
    expect(back.every((one) => one?.kind === 'release')).toBe(true);
    expect(releaseOf({ kind: 'freeze', day: '2026-11-23', at: 'x' })).toBeNull();
  });
});

describe('the graph', () => {
  const graph = graphOf(steps, catalogue);

  it('has a node a skill and every step in one', () => {
    expect(graph.nodes.flatMap((one) => one.steps)).toHaveLength(steps.length);
    expect(new Set(graph.nodes.map((one) => one.id)).size).toBe(graph.nodes.length);
  });

  it('leads from what a skill builds on, within the path', () => {
    const known = new Set(graph.nodes.map((one) => one.id));
    expect(graph.edges.length).toBeGreaterThan(0);
    expect(graph.edges.every((one) => known.has(one.from) && known.has(one.to))).toBe(true);
  });

  it('never has an edge and its opposite', () => {
    const all = new Set(graph.edges.map((one) => `${one.from} ${one.to}`));
    expect(graph.edges.some((one) => all.has(`${one.to} ${one.from}`))).toBe(false);
  });

  it('is walked by arrows to the nearest node that way', () => {
    const placed = [
      { id: 'a', x: 0, y: 0 },
      { id: 'b', x: 200, y: 20 },
      { id: 'c', x: 400, y: 0 },
      { id: 'd', x: 0, y: 100 },
    ];
    expect(neighbour(placed, 'a', 'ArrowRight')).toBe('b');
    expect(neighbour(placed, 'b', 'ArrowLeft')).toBe('a');
    expect(neighbour(placed, 'a', 'ArrowDown')).toBe('d');
    expect(neighbour(placed, 'a', 'ArrowLeft')).toBeNull();
    expect(neighbour(placed, 'gone', 'ArrowLeft')).toBeNull();
  });
});

describe('why the path changed', () => {
  it('is said of every change, as cause and effect', () => {
    for (const change of path.adaptation_history) {
      expect(causesOf(change, names).join('')).not.toBe('');
      expect(effectsOf(change).join('')).not.toBe('');
    }
  });

  it('names the first plan, and what was asked for', () => {
    const said = path.adaptation_history.map((one) => causesOf(one, names).join('; '));
    expect(said.some((one) => /first time/.test(one))).toBe(true);
    expect(said.some((one) => /You asked: first/.test(one))).toBe(true);
  });

  it('falls back to the words of changes that have no cause', () => {
    const { cause: _cause, effect: _effect, ...old } = path
      .adaptation_history[0] as Adaptation;
    expect(causesOf(old, names)).toEqual([old.why]);
  });

  it('says how the finish and the chance moved', () => {
    const change = path.adaptation_history.find((one) => one.effect) as Adaptation;
    const effect = change.effect as NonNullable<Adaptation['effect']>;
    const said = effectsOf({
      ...change,
      completion_after: '2026-12-09',
      effect: {
        ...effect,
        completion_moved_days: -3,
        in_time_prob_before: 0.5,
        in_time_prob_after: 0.55,
      },
      cause: { ...(change.cause as NonNullable<Adaptation['cause']>), first: false },
    }).join('; ');
    expect(said).toMatch(/finish 3 days sooner, Wed,? 9 Dec/);
    expect(said).toMatch(/50 % → 55 %/);
  });

  it('has words for every wish', () => {
    const at = '2026-11-23T10:00:00Z';
    expect(wishText({ kind: 'skip', concept: 'odd.outs', at }, names)).toBe('without Outs and quick equity');
    expect(wishText({ kind: 'days_off', days: ['2026-12-24'], at }, names)).toBe('1 day off');
    expect(wishText({ kind: 'pace', factor: 1.5, at }, names)).toBe('pace × 1.50');
    expect(wishText({ kind: 'reorder', order: [1], at }, names)).toBe('own order');
  });
});
