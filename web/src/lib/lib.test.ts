import { describe, expect, it } from 'vitest';
import { ago, day, minutes, percent, points, signed } from './format';
import { noteVisit } from './visits';

describe('numbers', () => {
  it.each([
    [percent(0.713), '71 %'],
    [points(0.04), '+4'],
    [points(-0.041), '−4'],
    [points(0.004), '0'],
    [minutes(95), '1 h 35 min'],
    [minutes(120), '2 h'],
    [minutes(12.4), '12 min'],
    [signed(-0.004, 2), '0.00'],
    [signed(-0.2, 2), '−0.20'],
    [day('2026-11-24', new Date('2026-01-01')), 'Tue 24 Nov'],
  ])('%s', (found, expected) => expect(found).toBe(expected));

  it('say how long ago something was', () => {
    const now = new Date('2026-11-23T10:00:00Z');
    expect(ago(new Date('2026-11-23T09:59:30Z'), now)).toBe('just now');
    expect(ago(new Date('2026-11-23T09:55:00Z'), now)).toBe('5 minutes ago');
    expect(ago(new Date('2026-11-20T09:00:00Z'), now)).toBe('3 days ago');
  });
});

function keeper() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

describe('visits', () => {
  const HOUR = 3_600_000;

  it('compare with the end of the one before, not with a minute ago', () => {
    const store = keeper();
    expect(noteVisit(store, '7', { a: 0.1 }, 0)).toBeNull();
    expect(noteVisit(store, '7', { a: 0.2 }, HOUR)).toBeNull();
    const back = noteVisit(store, '7', { a: 0.5 }, 20 * HOUR);
    expect(back).toEqual({ at: new Date(HOUR), mastery: { a: 0.2 } });
    expect(noteVisit(store, '7', { a: 0.6 }, 21 * HOUR)).toEqual(back);
  });

  it('are each learner’s own', () => {
    const store = keeper();
    noteVisit(store, '7', { a: 0.1 }, 0);
    expect(noteVisit(store, '8', { a: 0.1 }, 20 * HOUR)).toBeNull();
  });

  it('begin anew where the browser keeps nothing sound', () => {
    const broken = { getItem: () => '{', setItem: () => undefined };
    expect(noteVisit(broken, '7', { a: 0.1 }, 0)).toBeNull();
  });
});
