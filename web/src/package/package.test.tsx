// @vitest-environment jsdom
// What the package exports, as an app uses it.
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import recommendations from '@/fixtures/data/recommendations.json';
import type { Recommendation } from '@/api/types';
import { HERE, setUpEngine } from '../../test/stage';
import {
  createClient,
  PersonalizedDashboard,
  RecommendedContent,
  usePersonalization,
} from './index';
import { http, HttpResponse } from 'msw';

const server = setUpEngine();
const client = createClient({ baseUrl: HERE, token: 'learner' });

beforeEach(() => {
  window.history.replaceState(null, '', '/school?tab=2');
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  server.use(
    http.get(`${HERE}/api/users/7/stream`, () => new HttpResponse(null, { status: 503 })),
  );
});

function Count() {
  const { recommendations: list, profile, isLoading, error } = usePersonalization('7', { client });
  return <p>{isLoading ? 'waiting' : `${list?.length} for ${profile?.userId} ${error}`}</p>;
}

describe('the package', () => {
  it('has a hook that brings it all, without a provider', async () => {
    render(<Count />);
    expect(screen.getByText('waiting')).toBeTruthy();
    const n = recommendations.recommendations.length;
    expect(await screen.findByText(`${n} for 7 null`)).toBeTruthy();
  });

  it('draws a list that is given, with no engine at all', () => {
    const [one] = recommendations.recommendations as Recommendation[];
    render(<RecommendedContent recommendations={one ? [one] : []} />);
    expect(screen.getByRole('heading', { name: one?.title })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: /^Why: / }));
    expect(screen.getByRole('table')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^(Take up|Change this)/ })).toBeNull();
  });

  it('leaves the address to the page that it stands in', async () => {
    render(<PersonalizedDashboard userId="7" client={client} />);
    // By their words: roles of a page this large take jsdom seconds to find.
    const days = () => screen.findByText('180 days', {}, { timeout: 10_000 });
    fireEvent.click(await days());
    await waitFor(async () =>
      expect((await days()).getAttribute('aria-pressed')).toBe('true'),
    );
    fireEvent.click((await screen.findAllByText('Fundamentals'))[0] as HTMLElement);
    expect(location.search).toBe('?tab=2');
  });

  it('opens a skill in a dialog, since it has no routes', async () => {
    render(<PersonalizedDashboard userId="7" client={client} />);
    fireEvent.click(await screen.findByText(/^Look into/));
    expect(await screen.findByText('Answers behind it')).toBeTruthy();
    expect(location.pathname).toBe('/school');
  });
});
