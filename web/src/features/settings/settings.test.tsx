// @vitest-environment jsdom
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import caller from '@/fixtures/data/caller.json';
import profile from '@/fixtures/data/profile.json';
import { HERE, refusal, setUpEngine, show, USER } from '../../../test/stage';
import SettingsCard from './SettingsCard';
import { comingDays, confirms, minutesFrom, withDay } from './rules';

const server = setUpEngine();
let stated: unknown;

beforeEach(() => {
  stated = undefined;
  localStorage.clear();
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  server.use(
    http.put(`${USER}/profile`, async ({ request }) => {
      stated = await request.json();
      return HttpResponse.json(profile);
    }),
  );
});

describe('what settings accept', () => {
  it('is whole minutes of seven days', () => {
    expect(minutesFrom(['30', ' 0 ', '960'])).toEqual([30, 0, 960]);
    for (const wrong of ['', '-1', '1.5', '961', 'x'])
      expect(minutesFrom([wrong])).toBeNull();
  });

  it('is each day off once, those to come in order', () => {
    expect(withDay(['2026-12-24'], '2026-12-01')).toEqual(['2026-12-01', '2026-12-24']);
    expect(withDay(['2026-12-24'], '2026-12-24')).toEqual(['2026-12-24']);
    expect(comingDays({ days_off: ['2026-01-01', '2026-12-24'] }, '2026-11-23')).toEqual([
      '2026-12-24',
    ]);
  });

  it('is a deletion only with the learner’s own number', () => {
    expect(confirms(' 7 ', '7')).toBe(true);
    expect(confirms('77', '7')).toBe(false);
  });
});

describe('settings', () => {
  it('state minutes of the week, and refuse nonsense before sending it', async () => {
    show(SettingsCard);
    const monday = await screen.findByLabelText('Mon');
    fireEvent.change(monday, { target: { value: 'much' } });
    const save = screen.getByRole('button', { name: 'Save' });
    expect(save).toHaveProperty('disabled', true);
    fireEvent.change(monday, { target: { value: '45' } });
    fireEvent.click(save);
    await waitFor(() => expect(stated).toMatchObject({ stated: {} }));
    expect(JSON.stringify(stated)).toContain('"minutes_per_weekday":[45,');
  });

  it('have reminders off until the browser may and the learner wants', async () => {
    vi.stubGlobal('Notification', {
      permission: 'denied',
      requestPermission: () => Promise.resolve('denied'),
    });
    show(SettingsCard);
    const reminders = await screen.findByRole('switch', { name: 'Remind me of reviews' });
    expect(reminders.getAttribute('aria-checked')).toBe('false');
    fireEvent.click(reminders);
    expect(await screen.findByText(/does not allow notices/)).toBeTruthy();
    expect(reminders.getAttribute('aria-checked')).toBe('false');
    expect(localStorage.length).toBe(0);
    vi.unstubAllGlobals();
  });

  it('take a pause back that the engine refuses', async () => {
    server.use(http.put(`${USER}/profiling`, () => refusal(503, 'busy')));
    show(SettingsCard);
    const pause = await screen.findByRole('switch', { name: 'Pause profiling' });
    await waitFor(() => expect(pause).toHaveProperty('disabled', false));
    fireEvent.click(pause);
    expect((await screen.findAllByText(/not saved: busy/)).length).toBeGreaterThan(0);
    await waitFor(() => expect(pause.getAttribute('aria-checked')).toBe('false'));
  });

  it('leave deletion to the platform where the learner has no right to it', async () => {
    server.use(
      http.get(`${HERE}/api/caller`, () =>
        HttpResponse.json({ ...caller, role: 'learner', scopes: ['profile:read'] }),
      ),
    );
    show(SettingsCard);
    expect(await screen.findByText(/Only your platform can do this/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Delete ..' })).toBeNull();
  });

  it('are not a coach’s', () => {
    const { container } = show(SettingsCard, { readOnly: true });
    expect(container.querySelector('#settings')).toBeNull();
  });
});
