// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { http } from 'msw';
import { describe, expect, it } from 'vitest';
import recommendations from '@/fixtures/data/recommendations.json';
import { RecommendationsCard } from '@/features/recommendations/RecommendationsCard';
import { refusal, setUpEngine, show, USER } from '../../../test/stage';
import { SkillsCard } from '@/features/skills/SkillsCard';

const server = setUpEngine();

describe('a card', () => {
  it('says it is loading, then shows what came', async () => {
    show(SkillsCard);
    expect(screen.getAllByText('Loading').length).toBeGreaterThan(0);
    expect(await screen.findByText('Fundamentals')).toBeTruthy();
    expect(screen.getAllByText('Not enough data yet').length).toBeGreaterThan(0);
  });

  it('offers to try again after a failure, and recovers', async () => {
    server.use(
      http.get(`${USER}/profile`, () => refusal(500), { once: true }),
    );
    show(SkillsCard);
    fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('Fundamentals')).toBeTruthy();
  });

  it('tells a refusal from a learner who is new', async () => {
    server.use(http.get(`${USER}/profile`, () => refusal(403)));
    show(SkillsCard);
    expect(await screen.findByText('This is not open to you')).toBeTruthy();
    cleanup();
    server.use(http.get(`${USER}/profile`, () => refusal(404)));
    show(SkillsCard);
    expect(await screen.findByText('Your skills appear here')).toBeTruthy();
  });
});

describe('recommendations', () => {
  const title = recommendations.recommendations[1]?.title ?? '';

  it('are gone at once when dismissed, and back when that is refused', async () => {
    let refuse: () => void = () => undefined;
    server.use(
      http.post(`${USER}/recommendations/:id/feedback`, async () => {
        await new Promise<void>((resolve) => (refuse = resolve));
        return refusal(503);
      }),
    );
    show(RecommendationsCard);
    fireEvent.click(await screen.findByRole('button', { name: `Change this: ${title}` }));
    fireEvent.click(screen.getByRole('button', { name: /^Not now/ }));
    await waitFor(() => expect(screen.queryByText(title)).toBeNull());
    refuse();
    expect(await screen.findByText(title)).toBeTruthy();
  });

  it('offer nothing to whoever only looks', async () => {
    show(RecommendationsCard, { readOnly: true });
    await screen.findByText(title);
    expect(screen.queryByRole('button', { name: /Change this/ })).toBeNull();
    expect(screen.getByRole('button', { name: `Why: ${title}` })).toBeTruthy();
  });
});
