import { describe, expect, it } from 'vitest';
import type { AreaLevel, Catalogue, PersonalizationProfile } from '@/api/types';
import catalogue from '@/fixtures/data/catalogue.json';
import profile from '@/fixtures/data/profile.json';
import { areaRows, ENOUGH_ANSWERS, estimateOf, focusOf, movementOf } from './rules';

const known: AreaLevel = {
  level: 'beginner',
  mastery: 0.5,
  mastery_low: 0.3,
  mastery_high: 0.7,
  evidence: ENOUGH_ANSWERS,
  movement: 0.1,
};
const rows = areaRows(
  profile as PersonalizationProfile,
  catalogue as unknown as Catalogue,
);

describe('an estimate', () => {
  it('is claimed from enough answers on', () => {
    expect(estimateOf(known)).toEqual({ value: 0.5, low: 0.3, high: 0.7 });
    expect(estimateOf({ ...known, evidence: 3.9 })).toBeNull();
  });

  it('is not made up where the engine gives none', () => {
    expect(estimateOf({ ...known, mastery: null })).toBeNull();
  });
});

describe('areas', () => {
  it('come with what is known first', () => {
    const claims = rows.map((row) => row.estimate !== null);
    expect(claims.indexOf(false)).toBeGreaterThan(claims.lastIndexOf(true));
    expect(rows).toHaveLength(12);
  });

  it('are looked at where they are weakest', () => {
    expect(focusOf(rows)?.estimate).not.toBeNull();
    expect(focusOf([])).toBeNull();
  });
});

describe('movement', () => {
  const row = rows[0];
  if (!row?.estimate) throw new Error('the fixture knows nothing');

  it('is measured from the last visit where there was one', () => {
    const at = new Date('2026-11-20T10:00:00Z');
    const moved = movementOf(row, {
      at,
      mastery: { [row.area]: row.estimate!.value - 0.04 },
    });
    expect(moved?.change).toBeCloseTo(0.04);
    expect(moved?.since).toBe(at);
  });

  it('is of four weeks otherwise, and none without an estimate', () => {
    expect(movementOf(row, null)?.since).toBeNull();
    expect(movementOf({ ...row, estimate: null }, null)).toBeNull();
  });
});
