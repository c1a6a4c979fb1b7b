// @vitest-environment jsdom
// Beginning something, and telling how it went.
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import path from '@/fixtures/data/learning-path.json';
import recommendations from '@/fixtures/data/recommendations.json';
import { NextCard } from '@/features/next/NextCard';
import { PathCard } from '@/features/path/PathCard';
import { RecommendationsCard } from '@/features/recommendations/RecommendationsCard';
import { refusal, setUpEngine, show, USER } from '../../../test/stage';

const server = setUpEngine();
const [first, second] = recommendations.recommendations;
const heard: Record<string, unknown>[] = [];

beforeEach(() => {
  heard.length = 0;
  window.history.replaceState(null, '', '/?path=list');
  // jsdom knows the element, not what opens it.
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  server.use(
    http.post(`${USER}/events`, async ({ request }) => {
      heard.push((await request.json()) as Record<string, unknown>);
      return HttpResponse.json({ accepted: 1, duplicates: 0, version: 6, results: [] });
    }),
    http.post(`${USER}/recommendations/:id/feedback`, async ({ request, params }) => {
      heard.push({ ...((await request.json()) as object), id: params['id'] });
      return HttpResponse.json({});
    }),
  );
});

describe('what is next', () => {
  it('is begun, answered and done, and each is told', async () => {
    show(NextCard);
    fireEvent.click(await screen.findByRole('button', { name: 'Start' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Answered right' }));
    await screen.findByText('1 of 1 right');
    fireEvent.click(screen.getByRole('button', { name: 'Mark as done' }));
    await waitFor(() => expect(screen.queryByText('1 of 1 right')).toBeNull());
    expect(heard.map((one) => one['type'] ?? one['action'])).toEqual([
      'content_started',
      'accepted',
      'answer',
      'content_completed',
    ]);
    expect(heard[2]).toMatchObject({ content: first?.content_id, correct: true });
  });

  it('is handed to the platform that has a place for it', async () => {
    const onOpenContent = vi.fn();
    show(NextCard, { onOpenContent });
    fireEvent.click(await screen.findByRole('button', { name: 'Start' }));
    await waitFor(() =>
      expect(onOpenContent).toHaveBeenCalledWith({
        contentId: first?.content_id,
        title: first?.title,
        minutes: first?.minutes,
      }),
    );
    expect(screen.queryByText('Answered right')).toBeNull();
  });

  it('stays shut where the engine refuses, and says why', async () => {
    server.use(http.post(`${USER}/events`, () => refusal(409, 'profiling is paused')));
    show(NextCard);
    fireEvent.click(await screen.findByRole('button', { name: 'Start' }));
    const said = await screen.findAllByText(/not saved: profiling is paused/);
    expect(said).toHaveLength(2); // read out, and in sight
    expect(screen.queryByText('Answered right')).toBeNull();
  });

  it('explains itself in numbers', async () => {
    show(NextCard);
    fireEvent.click(await screen.findByRole('button', { name: /^Why: / }));
    expect(await screen.findByText(/Place \d of \d/)).toBeTruthy();
  });
});

describe('a suggestion', () => {
  it('is made harder, which is said of the learner before it goes', async () => {
    const order: string[] = [];
    server.use(
      http.put(`${USER}/profile`, async ({ request }) => {
        order.push(JSON.stringify(await request.json()));
        return HttpResponse.json({});
      }),
      http.post(`${USER}/recommendations/:id/feedback`, async ({ request }) => {
        order.push(JSON.stringify(await request.json()));
        return HttpResponse.json({});
      }),
    );
    show(RecommendationsCard);
    const title = second?.title ?? '';
    fireEvent.click(await screen.findByRole('button', { name: `Change this: ${title}` }));
    fireEvent.click(screen.getByRole('button', { name: /^Harder/ }));
    await waitFor(() => expect(order).toHaveLength(2));
    expect(order[0]).toContain('difficulty_progression_rate');
    expect(order[1]).toContain('dismissed');
  });

  it('is hidden by leaving the path, and rated by a radio button', async () => {
    let asked: unknown;
    server.use(
      http.post(`${USER}/learning-path/controls`, async ({ request }) => {
        asked = await request.json();
        return HttpResponse.json(path);
      }),
    );
    show(RecommendationsCard);
    const title = second?.title ?? '';
    const stars = await screen.findByRole('group', { name: `Rate ${title}` });
    fireEvent.click(stars.querySelectorAll('input')[3] as HTMLInputElement);
    await waitFor(() => expect(heard).toContainEqual({ feedback_score: 4, id: String(second?.id) }));
    fireEvent.click(screen.getByRole('button', { name: `Change this: ${title}` }));
    fireEvent.click(screen.getByRole('button', { name: /^Hide for good/ }));
    await waitFor(() => expect(asked).toEqual({ kind: 'skip', content: second?.content_id }));
  });
});

describe('a step of the path', () => {
  it('is begun from the foot of its card', async () => {
    const next = path.path_config.steps.find((step) => step.status === 'ready');
    show(PathCard);
    fireEvent.click(await screen.findByRole('button', { name: `Start ${next?.title}` }));
    expect(await screen.findByText(/Your platform shows the content here/)).toBeTruthy();
    expect(heard.filter((one) => one['type'] === 'content_started')).toHaveLength(
      next?.content_id === null ? 0 : 1,
    );
  });
});
