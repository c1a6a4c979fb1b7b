import { describe, expect, it } from 'vitest';
import { hrefOf, matchRoute } from './router';

describe('routes', () => {
  it.each([
    ['/', { name: 'start' }],
    ['/coach', { name: 'coach' }],
    ['/learners/7', { name: 'learner', id: '7' }],
    ['/learners/7/', { name: 'learner', id: '7' }],
    ['/learners/07', { name: 'unknown' }],
    ['/learners/x', { name: 'unknown' }],
    ['/learners/7/concepts', { name: 'unknown' }],
    [hrefOf.concept('7', 'odd.pot odds'), { name: 'concept', id: '7', concept: 'odd.pot odds' }],
  ])('%s', (path, route) => expect(matchRoute(path)).toEqual(route));
});
