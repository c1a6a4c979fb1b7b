import { describe, expect, it } from 'vitest';
import type { SkillPredictions } from '@/api/types';
import predictionsJson from '@/fixtures/data/skill-predictions.json';
import { asGoal, dayAfter, daysFrom, hasGoal, weeksAhead } from './rules';
import { estimateOf, minutesRange, scenariosOf, weekdaysFor } from './what-if';
import { chanceWord, paceWord } from './words';

const predictions = predictionsJson as unknown as SkillPredictions;
const scenarios = scenariosOf(predictions);
const planned = predictions.assumptions.minutes_per_week;

describe('what if', () => {
  it('is the engine’s own figure at its scenarios', () => {
    for (const one of predictions.what_if) {
      if (one.minutes_per_week === null || one.probability === null) continue;
      const said = estimateOf(scenarios, one.minutes_per_week, null);
      expect(said).toBeCloseTo(one.probability, 9);
    }
  });

  it('lies between its neighbours elsewhere, and never falls where they rise', () => {
    const range = minutesRange(scenarios);
    expect(range).not.toBeNull();
    const at = (minutes: number) => estimateOf(scenarios, minutes, null) ?? NaN;
    const rising = scenarios.every(
      (one, i) => one.probability >= (scenarios[i - 1]?.probability ?? 0),
    );
    expect(rising).toBe(true);
    let before = 0;
    for (let m = range?.least ?? 0; m <= (range?.most ?? 0); m += range?.step ?? 5) {
      expect(at(m)).toBeGreaterThanOrEqual(before - 1e-9);
      before = at(m);
    }
  });

  it('goes through what was told of another date', () => {
    const said = estimateOf(scenarios, planned, { minutes: planned, probability: 0.77 });
    expect(said).toBeCloseTo(0.77, 9);
  });

  it('keeps to [0, 1] for other minutes at another date, and their order', () => {
    const least = scenarios[0]?.minutes ?? 0;
    const most = scenarios.at(-1)?.minutes ?? 0;
    for (const probability of [0, 0.02, 0.5, 0.98, 1]) {
      const told = { minutes: planned, probability };
      const less = estimateOf(scenarios, least, told) ?? NaN;
      const more = estimateOf(scenarios, most, told) ?? NaN;
      expect(less).toBeGreaterThanOrEqual(0);
      expect(more).toBeLessThanOrEqual(1);
      expect(more).toBeGreaterThanOrEqual(less);
    }
  });

  it('asks nothing where there are no scenarios', () => {
    const none = { ...predictions, what_if: [] };
    expect(scenariosOf(none)).toEqual([]);
    expect(minutesRange([])).toBeNull();
    expect(estimateOf([], 100, null)).toBeNull();
  });
});

describe('minutes of the weekdays', () => {
  it('keep their shares and add up to the new week', () => {
    const week = weekdaysFor([30, 0, 30, 0, 30, 60, 0], 300);
    expect(week.reduce((a, b) => a + b, 0)).toBe(300);
    expect(week[1]).toBe(0);
    expect(week[5]).toBe(2 * (week[0] ?? 0));
  });

  it('are five equal days where none were stated', () => {
    expect(weekdaysFor(undefined, 100)).toEqual([20, 20, 20, 20, 20, 0, 0]);
    expect(weekdaysFor([0, 0, 0, 0, 0, 0, 0], 7)).toEqual([2, 2, 1, 1, 1, 0, 0]);
  });
});

describe('a goal', () => {
  const none = {
    target_skill_level: null,
    timeline: null,
    priority_areas: null,
    motivation_type: null,
  };

  it('is posted whole, so that nothing falls back to its default', () => {
    expect(
      asGoal({
        target_skill_level: 'advanced',
        timeline: '2027-02-19',
        priority_areas: ['preflop'],
        motivation_type: 'mastery',
        target_concepts: ['odd.outs'],
        desired_retention: 0.85,
      }),
    ).toEqual({
      target_skill_level: 'advanced',
      timeline: '2027-02-19',
      priority_areas: ['preflop'],
      motivation_type: 'mastery',
      target_concepts: ['odd.outs'],
      desired_retention: 0.85,
    });
    expect(hasGoal(none)).toBe(false);
    expect(asGoal(none)).toEqual({ priority_areas: [], target_concepts: [] });
  });

  it('has dates that can be forecast', () => {
    expect(dayAfter('2026-11-23T10:00:00Z', 14)).toBe('2026-12-07');
    expect(daysFrom('2026-11-23', '2027-02-19')).toBe(88);
    expect(weeksAhead('2026-11-23', null)).toBe(26);
    expect(weeksAhead('2026-11-23', '2040-01-01')).toBe(104);
  });
});

describe('words', () => {
  it('for chances cover all of [0, 1]', () => {
    expect([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1].map(chanceWord)).toEqual([
      'almostNone',
      'veryUnlikely',
      'unlikely',
      'even',
      'likely',
      'veryLikely',
      'almostCertain',
    ]);
  });

  it('for the pace do not fuss over a tenth', () => {
    expect(paceWord(95, 100)).toBe('about');
    expect(paceWord(120, 100)).toBe('ahead');
    expect(paceWord(50, 100)).toBe('behind');
    expect(paceWord(50, 0)).toBe('none');
  });
});
