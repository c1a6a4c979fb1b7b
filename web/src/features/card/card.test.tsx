// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import type { ComponentType } from 'react';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '@/api/client';
import { createQueryClient, PersonalizationProvider } from '@/api/context';
import catalogue from '@/fixtures/data/catalogue.json';
import profile from '@/fixtures/data/profile.json';
import recommendations from '@/fixtures/data/recommendations.json';
import { RecommendationsCard } from '@/features/recommendations/RecommendationsCard';
import { SkillsCard } from '@/features/skills/SkillsCard';

const HERE = 'http://engine.test';
const server = setupServer(
  http.get(`${HERE}/api/catalogue`, () => HttpResponse.json(catalogue)),
  http.get(`${HERE}/api/users/7/profile`, () => HttpResponse.json(profile)),
  http.get(`${HERE}/api/users/7/recommendations`, () =>
    HttpResponse.json(recommendations),
  ),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => {
  cleanup();
  server.resetHandlers();
});
afterAll(() => server.close());

function show(Card: ComponentType<{ className?: string }>, readOnly = false) {
  const queries = createQueryClient();
  queries.setDefaultOptions({ queries: { retry: false } });
  return render(
    <PersonalizationProvider
      userId="7"
      client={createClient({ baseUrl: HERE })}
      queries={queries}
      readOnly={readOnly}
    >
      <Card />
    </PersonalizationProvider>,
  );
}

const problem = (status: number) =>
  HttpResponse.json(
    { type: 'about:blank', title: 'x', status, detail: `refused with ${status}` },
    { status },
  );

describe('a card', () => {
  it('says it is loading, then shows what came', async () => {
    show(SkillsCard);
    expect(screen.getAllByText('Loading').length).toBeGreaterThan(0);
    expect(await screen.findByText('Fundamentals')).toBeTruthy();
    expect(screen.getAllByText('Not enough data yet').length).toBeGreaterThan(0);
  });

  it('offers to try again after a failure, and recovers', async () => {
    server.use(
      http.get(`${HERE}/api/users/7/profile`, () => problem(500), { once: true }),
    );
    show(SkillsCard);
    fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('Fundamentals')).toBeTruthy();
  });

  it('tells a refusal from a learner who is new', async () => {
    server.use(http.get(`${HERE}/api/users/7/profile`, () => problem(403)));
    show(SkillsCard);
    expect(await screen.findByText('This is not open to you')).toBeTruthy();
    cleanup();
    server.use(http.get(`${HERE}/api/users/7/profile`, () => problem(404)));
    show(SkillsCard);
    expect(await screen.findByText('Your skills appear here')).toBeTruthy();
  });
});

describe('recommendations', () => {
  const title = recommendations.recommendations[1]?.title ?? '';

  it('are gone at once when dismissed, and back when that is refused', async () => {
    let refuse: () => void = () => undefined;
    server.use(
      http.post(`${HERE}/api/users/7/recommendations/:id/feedback`, async () => {
        await new Promise<void>((resolve) => (refuse = resolve));
        return problem(503);
      }),
    );
    show(RecommendationsCard);
    fireEvent.click(await screen.findByRole('button', { name: `Dismiss: ${title}` }));
    await waitFor(() => expect(screen.queryByText(title)).toBeNull());
    refuse();
    expect(await screen.findByText(title)).toBeTruthy();
  });

  it('offer nothing to whoever only looks', async () => {
    show(RecommendationsCard, true);
    await screen.findByText(title);
    expect(screen.queryByRole('button', { name: /Dismiss/ })).toBeNull();
    expect(screen.getByRole('button', { name: `Why: ${title}` })).toBeTruthy();
  });
});
