import { describe, expect, it } from 'vitest';
import type { PersonalizationProfile, ProgressAnalytics } from '@/api/types';
import profileJson from '@/fixtures/data/profile.json';
import analyticsJson from '@/fixtures/data/progress-analytics.json';
import { spaced } from './charts/axes';
import {
  bucketsOf,
  directionOf,
  dotsOf,
  formatClaims,
  hourClaims,
  isDrawn,
  verdictOf,
  wilson,
} from './rules';

const profile = profileJson as unknown as PersonalizationProfile;
const metrics = analyticsJson as unknown as ProgressAnalytics;

function withFormats(
  effects: [number, number, number, number][],
): PersonalizationProfile {
  const [visual, analytical, interactive] = effects.map(([effect, low, high, n]) => ({
    effect,
    low,
    high,
    n,
  }));
  const none = { effect: null, low: null, high: null, n: 0 };
  return {
    ...profile,
    evidence: {
      ...profile.evidence,
      preferred_content_type: {
        ...profile.evidence.preferred_content_type,
        format_effects: {
          visual: visual ?? none,
          analytical: analytical ?? none,
          interactive: interactive ?? none,
        },
      },
    },
  };
}

describe('the interval of a share', () => {
  it('agrees with published values', () => {
    // Wilson 90 % of 30 in 40.
    const range = wilson(30, 40);
    expect(range?.low).toBeCloseTo(0.6238, 3);
    expect(range?.high).toBeCloseTo(0.8444, 3);
  });

  it('stays within [0, 1] and is unknown without answers', () => {
    expect(wilson(0, 0)).toBeNull();
    expect(wilson(5, 5)?.high).toBe(1);
    expect(wilson(0, 5)?.low).toBe(0);
  });
});

describe('the trend', () => {
  it('has every day of the window, those without practice too', () => {
    const days = bucketsOf(metrics, 'day', null);
    expect(days[0]?.date).toBe(metrics.window.from);
    expect(days.at(-1)?.date).toBe(metrics.window.to);
    const minutes = days.reduce((sum, one) => sum + one.minutes, 0);
    expect(minutes).toBeCloseTo(metrics.window.minutes, 1);
  });

  it('adds up by weeks to the same answers', () => {
    const answers = bucketsOf(metrics, 'day', null).reduce((n, x) => n + x.answers, 0);
    expect(answers).toBe(metrics.window.answers);
  });

  it('draws no share of a few answers', () => {
    const days = bucketsOf(metrics, 'day', null);
    for (const one of days) expect(isDrawn(one, 'accuracy')).toBe(one.answers >= 5);
  });

  it('claims a direction only where the engine does', () => {
    expect(directionOf(profile, null)).toBe('unclear');
    for (const one of profile.skillProfile.improvement_trajectory)
      expect(directionOf(profile, one.area)).toBe(one.direction);
  });

  it('draws no mean over areas before all of them have a value', () => {
    const two: ProgressAnalytics = {
      ...metrics,
      window: { ...metrics.window, from: '2026-11-02', to: '2026-11-22' },
      trends: [
        {
          area: 'a',
          mastery: [
            { week: '2026-11-02', value: 0.2 },
            { week: '2026-11-09', value: 0.4 },
          ],
        },
        { area: 'b', mastery: [{ week: '2026-11-09', value: 0.8 }] },
      ],
    };
    const mastery = bucketsOf(two, 'week', null).map((one) => one.mastery);
    expect(mastery[0]).toBeNull();
    expect(mastery[1]).toBeCloseTo(0.6);
  });
});

describe('what may be said of formats', () => {
  it('is nothing below 30 answers in two of them', () => {
    expect(formatClaims(withFormats([[0.2, 0.1, 0.3, 29], [0, -0.1, 0.1, 29], [-0.2, -0.3, -0.1, 80]]))).toEqual([]);
  });

  it('is nothing where the interval has 0 in it', () => {
    expect(formatClaims(withFormats([[0.02, -0.04, 0.08, 60], [0, -0.1, 0.1, 40], [0, -0.1, 0.1, 80]]))).toEqual([]);
  });

  it('is the effect with its interval where both hold', () => {
    const claims = formatClaims(withFormats([[0.1, 0.04, 0.16, 60], [0.3, 0.1, 0.5, 12], [-0.1, -0.2, -0.03, 80]]));
    expect(claims.map((one) => one.format)).toEqual(['visual', 'interactive']);
  });
});

describe('what may be said of hours', () => {
  const slot = (low: number, high: number, n: number): PersonalizationProfile => ({
    ...profile,
    behavioralMetrics: {
      ...profile.behavioralMetrics,
      optimal_study_times: [{ from_hour: 18, to_hour: 21, effect: 0.05, low, high, n }],
    },
  });

  it('asks for an interval without 0 and 30 answers', () => {
    expect(hourClaims(slot(0.01, 0.09, 120))).toHaveLength(1);
    expect(hourClaims(slot(-0.01, 0.09, 120))).toHaveLength(0);
    expect(hourClaims(slot(0.01, 0.09, 20))).toHaveLength(0);
  });
});

describe('calibration', () => {
  it('draws only bins with answers, each with its n', () => {
    const dots = dotsOf(metrics.calibration);
    expect(dots.reduce((n, dot) => n + dot.n, 0)).toBe(metrics.calibration.n);
    expect(dots.every((dot) => dot.n > 0)).toBe(true);
  });

  it('gives no verdict on few answers', () => {
    expect(verdictOf({ ...metrics.calibration, n: 49, ece: 0.01 })).toBe('tooFew');
    expect(verdictOf({ ...metrics.calibration, n: 50, ece: 0.01 })).toBe('close');
    expect(verdictOf({ ...metrics.calibration, n: 50, ece: 0.2 })).toBe('off');
  });
});

it('ticks are as many as there is room for', () => {
  const all = Array.from({ length: 180 }, (_, i) => i);
  expect(spaced(all, 8).length).toBeLessThanOrEqual(8);
  expect(spaced([1, 2], 8)).toEqual([1, 2]);
});
