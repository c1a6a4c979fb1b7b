// @vitest-environment jsdom
// Path, goal and insights against a mocked engine.
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse, delay } from 'msw';
import { beforeEach, describe, expect, it } from 'vitest';
import analytics from '@/fixtures/data/progress-analytics.json';
import path from '@/fixtures/data/learning-path.json';
import profile from '@/fixtures/data/profile.json';
import predictions from '@/fixtures/data/skill-predictions.json';
import { refusal, setUpEngine, show, USER } from '../../test/stage';
import { percent } from '@/lib/format';
import { GoalCard } from './goal/GoalCard';
import InsightsCard from './insights/InsightsCard';
import { PathCard } from './path/PathCard';

const server = setUpEngine();
beforeEach(() => window.history.replaceState(null, '', '/?path=list'));

const open = path.path_config.steps.find(
  (step) =>
    step.status === 'ready' &&
    step.content_id !== null &&
    !path.controls.some((x) => 'content' in x && x.content === step.content_id),
);
const title = open?.title ?? '';
const NAME = new RegExp(`^Ready ?${title}`);
const row = () => screen.queryByRole('button', { name: NAME });

describe('the path', () => {
  it('lists what is ready, and opens a step with what can be done', async () => {
    show(PathCard);
    fireEvent.click(await screen.findByRole('button', { name: NAME }));
    expect(screen.getByText(open?.why ?? '-')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'I know this' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Do first' })).toBeTruthy();
  });

  it('shows a skip at once, and takes it back when it is refused', async () => {
    let answer: (() => void) | undefined;
    const asked = new Promise<void>((go) => (answer = go));
    const bodies: unknown[] = [];
    server.use(
      http.post(`${USER}/learning-path/controls`, async ({ request }) => {
        bodies.push(await request.json());
        await asked;
        return refusal(422);
      }),
    );
    show(PathCard);
    fireEvent.click(await screen.findByRole('button', { name: NAME }));
    fireEvent.click(screen.getByRole('button', { name: 'Skip' }));
    await waitFor(() => expect(row()).toBeNull());
    answer?.();
    await waitFor(() => expect(row()).toBeTruthy());
    expect(bodies).toEqual([{ kind: 'skip', content: open?.content_id }]);
    expect((await screen.findByRole('alert')).textContent).toMatch(/refused with 422/);
  });

  it('undoes by the engine’s undo', async () => {
    const bodies: unknown[] = [];
    server.use(
      http.post(`${USER}/learning-path/controls`, async ({ request }) => {
        bodies.push(await request.json());
        return HttpResponse.json({ ...path, controls: [], undo: null });
      }),
    );
    show(PathCard);
    fireEvent.click(await screen.findByRole('button', { name: /^↶?Undo: / }));
    await waitFor(() => expect(bodies).toEqual([{ kind: 'undo' }]));
  });

  it('says why it changed, newest first', async () => {
    show(PathCard);
    fireEvent.click(await screen.findByRole('button', { name: 'Why the path changed' }));
    expect(screen.getByText(/planned for the first time/)).toBeTruthy();
    expect(screen.getAllByText(/^You asked: /, { exact: false }).length).toBeGreaterThan(0);
  });

  it('offers nothing to a coach', async () => {
    show(PathCard, { readOnly: true });
    fireEvent.click(await screen.findByRole('button', { name: NAME }));
    expect(screen.queryByRole('button', { name: 'Skip' })).toBeNull();
    expect(screen.queryByRole('button', { name: /Undo/ })).toBeNull();
    expect(screen.queryByRole('button', { name: /Take back/ })).toBeNull();
  });

  it('keeps its filter in the address', async () => {
    show(PathCard);
    fireEvent.click(await screen.findByRole('button', { name: 'Reviews' }));
    expect(location.search).toContain('steps=reviews');
  });
});

describe('the goal', () => {
  it('tells the chance, in words too, and the pace', async () => {
    show(GoalCard);
    const chance = percent(predictions.goal.probability);
    expect((await screen.findAllByText(chance)).length).toBeGreaterThan(0);
    expect(screen.getAllByText('unlikely').length).toBeGreaterThan(0);
    expect(screen.getByText('Less than planned')).toBeTruthy();
  });

  it('answers other minutes at once, then by the engine’s own figure', async () => {
    const asked: (string | null)[] = [];
    server.use(
      http.get(`${USER}/skill-predictions`, ({ request }) => {
        const minutes = new URL(request.url).searchParams.get('minutes_per_week');
        asked.push(minutes);
        const goal = minutes ? { ...predictions.goal, probability: 0.87 } : predictions.goal;
        return HttpResponse.json({ ...predictions, goal });
      }),
    );
    show(GoalCard);
    const slider = await screen.findByLabelText('Minutes a week');
    const most = slider.getAttribute('max') ?? '';
    fireEvent.change(slider, { target: { value: most } });
    const shown = screen.getByTestId('what-if').textContent ?? '';
    expect(parseInt(shown, 10)).toBeGreaterThan(
      Math.round(100 * predictions.goal.probability),
    );
    expect(asked).toEqual([null]);
    await waitFor(() =>
      expect(screen.getByTestId('what-if').textContent).toBe('87 %'),
    );
    expect(asked).toEqual([null, most]);
    fireEvent.click(screen.getByRole('button', { name: 'Back to my plan' }));
    expect(screen.queryByRole('button', { name: 'Make this my plan' })).toBeNull();
  });

  it('asks once for the date that the slider stays on, and shows the figure before until then', async () => {
    const dates: string[] = [];
    server.use(
      http.get(`${USER}/skill-predictions`, async ({ request }) => {
        const at = new URL(request.url).searchParams.get('at');
        if (at === null) return HttpResponse.json(predictions);
        dates.push(at);
        await delay(30);
        return HttpResponse.json({
          ...predictions,
          goal: { ...predictions.goal, probability_at_requested_date: 0.93 },
        });
      }),
    );
    show(GoalCard);
    const slider = await screen.findByLabelText('Date');
    for (const weeks of ['15', '16', '17', '18'])
      fireEvent.change(slider, { target: { value: weeks } });
    const before = percent(predictions.goal.probability);
    expect(screen.getByTestId('what-if').textContent).toBe(before);
    await waitFor(() =>
      expect(screen.getByTestId('what-if').textContent).toBe('93 %'),
    );
    expect(dates).toHaveLength(1);
  });

  it('says that there is not enough evidence, and how much is missing', async () => {
    const goal = {
      ...predictions.goal,
      enough_evidence: false,
      answers_missing: 5,
      probability: null,
    };
    server.use(
      http.get(`${USER}/skill-predictions`, () =>
        HttpResponse.json({ ...predictions, goal }),
      ),
    );
    show(GoalCard);
    expect(await screen.findByText('Not enough evidence for a forecast')).toBeTruthy();
    expect(screen.getByText(/5 more answers/)).toBeTruthy();
    expect(screen.queryByLabelText('Minutes a week')).toBeNull();
  });

  it('saves what was tried as minutes and date', async () => {
    const bodies: { stated?: { minutes_per_weekday: number[] }; goals?: { timeline?: string } }[] = [];
    server.use(
      http.put(`${USER}/profile`, async ({ request }) => {
        bodies.push((await request.json()) as (typeof bodies)[number]);
        return HttpResponse.json(profile);
      }),
    );
    show(GoalCard);
    const slider = await screen.findByLabelText('Minutes a week');
    fireEvent.change(slider, { target: { value: '200' } });
    const now = Number((slider as HTMLInputElement).value);
    fireEvent.click(screen.getByRole('button', { name: 'Make this my plan' }));
    await waitFor(() => expect(bodies).toHaveLength(1));
    const week = bodies[0]?.stated?.minutes_per_weekday.reduce((a, b) => a + b, 0);
    expect(week).toBe(now);
    expect(bodies[0]?.goals).toBeUndefined();
  });

  it('cannot be moved into a plan by a coach', async () => {
    show(GoalCard, { readOnly: true });
    fireEvent.change(await screen.findByLabelText('Minutes a week'), { target: { value: '200' } });
    expect(screen.queryByRole('button', { name: 'Make this my plan' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Change goal' })).toBeNull();
  });
});

describe('the insights', () => {
  it('have a sentence and a table for each chart', async () => {
    show(InsightsCard);
    const charts = await screen.findAllByRole('img');
    const tables = screen.getAllByRole('button', { name: 'Show as table' });
    expect(tables).toHaveLength(charts.length);
    for (const chart of charts) {
      const id = chart.getAttribute('aria-describedby') ?? '';
      expect(document.getElementById(id)?.textContent).not.toBe('');
    }
    for (const button of tables) fireEvent.click(button);
    expect(screen.getAllByRole('table')).toHaveLength(charts.length);
    expect(screen.queryAllByRole('img')).toHaveLength(0);
  });

  it('claim nothing of formats without evidence', async () => {
    const format_effects = Object.fromEntries(
      ['visual', 'analytical', 'interactive'].map((one) => [
        one,
        { effect: 0.3, low: 0.1, high: 0.5, n: 12 },
      ]),
    );
    server.use(
      http.get(`${USER}/profile`, () =>
        HttpResponse.json({
          ...profile,
          evidence: {
            ...profile.evidence,
            preferred_content_type: {
              ...profile.evidence.preferred_content_type,
              format_effects,
            },
          },
        }),
      ),
    );
    show(InsightsCard);
    expect(await screen.findByText('No clear difference: we mix formats.')).toBeTruthy();
  });

  it('keep the window in the address, and what was drawn until the other is there', async () => {
    show(InsightsCard);
    const choice = await screen.findByRole('group', { name: 'Window' });
    fireEvent.click(within(choice).getByRole('button', { name: '180 days' }));
    expect(location.search).toContain('days=180');
    expect(screen.getAllByRole('img').length).toBeGreaterThan(0);
  });

  it('say so when there is nothing to look at', async () => {
    server.use(
      http.get(`${USER}/progress-analytics`, () =>
        HttpResponse.json({ ...analytics, totals: { ...analytics.totals, answers: 0 } }),
      ),
    );
    show(InsightsCard);
    expect(await screen.findByText('Insights come with your first answers')).toBeTruthy();
  });
});
