// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import caller from '@/fixtures/data/caller.json';
import catalogue from '@/fixtures/data/catalogue.json';
import profile from '@/fixtures/data/profile.json';
import recommendations from '@/fixtures/data/recommendations.json';
import { en } from '@/strings/en';
import { App } from './App';
import { firstAsked } from './first-asked';

const answers: Record<string, object> = {
  '/api/caller': caller,
  '/api/catalogue': catalogue,
  '/api/users/7/profile': profile,
  '/api/users/7/recommendations': recommendations,
};

const asked: string[] = [];
let answer: () => void = () => undefined;
const mayAnswer = new Promise<void>((go) => (answer = go));

const server = setupServer(
  http.get('*', async ({ request }) => {
    const url = new URL(request.url);
    if (url.pathname.endsWith('/stream')) return HttpResponse.error();
    asked.push(url.pathname + url.search);
    const known = answers[url.pathname];
    if (!known) return new Promise<never>(() => undefined);
    await mayAnswer;
    return HttpResponse.json(known);
  }),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(cleanup);
afterAll(() => server.close());

describe('what is asked first', () => {
  it('is known for pages of learners only', () => {
    for (const path of ['/', '/coach', '/learners', '/learners/x', '/learners/7/concepts/a'])
      expect(firstAsked(path)).toEqual([]);
  });

  it('is what the page asks, and all it asks until it is answered', async () => {
    const wanted = [...firstAsked('/learners/7')].sort();
    window.history.replaceState(null, '', '/learners/7');
    render(<App />);
    await vi.waitFor(() => expect([...asked].sort()).toEqual(wanted));
    await new Promise((later) => setTimeout(later, 100));
    expect([...asked].sort()).toEqual(wanted);
    answer();
    // What is below is asked for once the first cards are drawn.
    expect(await screen.findByRole('heading', { name: en.recommendations.title })).toBeTruthy();
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(wanted.length));
  });
});
