// A card on the stage: a mocked engine, a learner, and what stands around it.
import { cleanup, render } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import type { ComponentType } from 'react';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createClient } from '@/api/client';
import { createQueryClient, PersonalizationProvider, type OpenedContent } from '@/api/context';
import { BeginProvider } from '@/features/activity/begin';
import caller from '@/fixtures/data/caller.json';
import catalogue from '@/fixtures/data/catalogue.json';
import events from '@/fixtures/data/events.json';
import explanation from '@/fixtures/data/explanation.json';
import path from '@/fixtures/data/learning-path.json';
import profile from '@/fixtures/data/profile.json';
import profiling from '@/fixtures/data/profiling.json';
import analytics from '@/fixtures/data/progress-analytics.json';
import answerPrediction from '@/fixtures/data/answer-prediction.json';
import recommendations from '@/fixtures/data/recommendations.json';
import reviews from '@/fixtures/data/reviews.json';
import predictions from '@/fixtures/data/skill-predictions.json';
import { addressFilters, FiltersContext } from '@/lib/filters';
import { Announcer } from '@/ui/announce';

export const HERE = 'http://engine.test';
export const USER = `${HERE}/api/users/7`;

const gets: [string, object][] = [
  [`${HERE}/api/caller`, caller],
  [`${HERE}/api/catalogue`, catalogue],
  [`${USER}/profile`, profile],
  [`${USER}/recommendations`, recommendations],
  [`${USER}/recommendations/:id/explanation`, explanation],
  [`${USER}/learning-path`, path],
  [`${USER}/progress-analytics`, analytics],
  [`${USER}/skill-predictions`, predictions],
  [`${USER}/reviews`, reviews],
  [`${USER}/profiling`, profiling],
  [`${USER}/answer-prediction`, answerPrediction],
  [`${USER}/events`, events],
];

/** For one test file: a server that listens while it runs. */
export function setUpEngine() {
  const server = setupServer(
    ...gets.map(([url, reply]) => http.get(url, () => HttpResponse.json(reply))),
  );
  beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
  afterEach(() => {
    cleanup();
    server.resetHandlers();
  });
  afterAll(() => server.close());
  return server;
}

export const refusal = (status: number, detail = `refused with ${status}`) =>
  HttpResponse.json(
    { type: 'about:blank', title: 'x', status, detail },
    { status },
  );

interface Stage {
  readOnly?: boolean;
  onOpenContent?: (content: OpenedContent) => void;
}

export function show(Card: ComponentType<{ className?: string }>, stage: Stage = {}) {
  const queries = createQueryClient();
  queries.setDefaultOptions({ queries: { retry: false } });
  return render(
    <FiltersContext value={addressFilters}>
      <PersonalizationProvider
        userId="7"
        client={createClient({ baseUrl: HERE })}
        queries={queries}
        {...stage}
      >
        <Announcer>
          <BeginProvider>
            <Card />
          </BeginProvider>
        </Announcer>
      </PersonalizationProvider>
    </FiltersContext>,
  );
}
