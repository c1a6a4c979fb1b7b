// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '@/api/types';
import events from '@/fixtures/data/events.json';
import { setUpEngine, show, USER } from '../../../test/stage';
import { ConceptPage } from './ConceptPage';
import { lineOf } from './rules';

const server = setUpEngine();
const Page = () => <ConceptPage concept="odd.pot_odds" />;
const at = '2026-11-23T10:00:00Z';
const recorded = (event: object) =>
  ({ event: { event_id: 'e', at, ...event }, predicted: null }) as unknown as RecordedEvent;

describe('a recorded event', () => {
  it('becomes a line by what it says', () => {
    const kind = (event: object) => lineOf(recorded(event)).outcome;
    expect(kind({ type: 'answer', correct: true })).toEqual({ kind: 'answer', score: 1 });
    expect(kind({ type: 'answer', score: 0.5 })).toEqual({ kind: 'answer', score: 0.5 });
    expect(kind({ type: 'review', rating: 3 })).toEqual({ kind: 'review', rating: 3 });
    expect(kind({ type: 'assessment_completed', score: 0.7 })).toEqual({ kind: 'score', score: 0.7 });
    expect(kind({ type: 'content_completed', content: 1 })).toEqual({ kind: 'done' });
    expect(kind({ type: 'goal_set' })).toEqual({ kind: 'other' });
  });
});

describe('a skill', () => {
  it('shows the belief, its range and every answer behind it', async () => {
    show(Page);
    expect((await screen.findAllByText(/^Mastery \d+ %, likely/)).length).toBeGreaterThan(0);
    const table = await screen.findByRole('table');
    expect(within(table).getAllByRole('row')).toHaveLength(events.events.length + 1);
  });

  it('brings older answers when asked for', async () => {
    server.use(
      http.get(`${USER}/events`, ({ request }) => {
        const older = new URL(request.url).searchParams.get('cursor') === 'older';
        return older
          ? HttpResponse.json({ events: [events.events[0]] })
          : HttpResponse.json(events, {
              headers: { Link: '</api/users/7/events?cursor=older>; rel="next"' },
            });
      }),
    );
    show(Page);
    fireEvent.click(await screen.findByRole('button', { name: 'Show older ones' }));
    await waitFor(() =>
      expect(screen.getAllByRole('row')).toHaveLength(events.events.length + 2),
    );
    expect(screen.queryByRole('button', { name: 'Show older ones' })).toBeNull();
  });

  it('can be contradicted both ways; not by a coach', async () => {
    const told: unknown[] = [];
    server.use(
      http.post(`${USER}/learning-path/controls`, async ({ request }) => {
        told.push(await request.json());
        return HttpResponse.json({});
      }),
      http.post(`${USER}/events`, async ({ request }) => {
        told.push(await request.json());
        return HttpResponse.json({ accepted: 1, duplicates: 0, version: 1, results: [] });
      }),
    );
    const { unmount } = show(Page);
    fireEvent.click(await screen.findByRole('button', { name: 'I know this' }));
    await screen.findAllByText(/A short check is planned first/);
    fireEvent.click(screen.getByRole('button', { name: 'I have forgotten this' }));
    await waitFor(() => expect(told).toHaveLength(2));
    expect(told[0]).toEqual({ kind: 'known', concept: 'odd.pot_odds' });
    expect(told[1]).toMatchObject({ type: 'review', concept: 'odd.pot_odds', rating: 1 });
    unmount();
    show(Page, { readOnly: true });
    await screen.findByRole('table');
    expect(screen.queryByRole('button', { name: 'I know this' })).toBeNull();
  });
});
