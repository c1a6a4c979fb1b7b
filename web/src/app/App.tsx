import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ComponentType } from 'react';
import { createClient } from '@/api/client';
import { createQueryClient } from '@/api/context';
import { addressFilters, FiltersContext } from '@/lib/filters';
import { en } from '@/strings/en';
import { Skeleton } from '@/ui/states';
import { LearnerPage } from './LearnerPage';
import { Message } from '@/ui/states';
import { Link, Router, usePlace } from './router';
import { Shell } from './Shell';
import { StartPage } from './StartPage';
import { ClientContext } from './client-context';

// Most people never see it.
const CoachPage = lazy(() => import('./CoachPage'));

// Left out of builds without it: the condition is a constant.
const Fixtures: ComponentType | null = import.meta.env.VITE_FIXTURES
  ? lazy(() => import('@/fixtures/FixturesPage'))
  : null;

function NotFound() {
  return (
    <Shell title={en.app.notFound}>
      <Message
        title={en.app.notFound}
        action={
          <Link href="/" className="text-accent underline">
            {en.app.toStart}
          </Link>
        }
      >
        {en.app.notFoundHelp}
      </Message>
    </Shell>
  );
}

function Page() {
  const { route } = usePlace();
  switch (route.name) {
    case 'start':
      return <StartPage />;
    case 'learner':
      return <LearnerPage key={route.id} userId={route.id} concept={null} />;
    case 'concept':
      return (
        <LearnerPage
          key={route.id}
          userId={route.id}
          concept={route.concept}
        />
      );
    case 'coach':
      return (
        <Suspense fallback={
            <Shell title={en.coach.title}>
              <Skeleton heights={['h-96 w-full']} />
            </Shell>
          }>
          <CoachPage />
        </Suspense>
      );
    case 'fixtures':
      return Fixtures ? (
        <Suspense fallback={<Skeleton heights={['h-96']} />}>
          <Fixtures />
        </Suspense>
      ) : (
        <NotFound />
      );
    case 'unknown':
      return <NotFound />;
  }
}

export function App() {
  const [queries] = useState(createQueryClient);
  const [client] = useState(createClient);
  return (
    <ClientContext value={client}>
      <QueryClientProvider client={queries}>
        <FiltersContext value={addressFilters}>
          <Router>
            <Page />
          </Router>
        </FiltersContext>
      </QueryClientProvider>
    </ClientContext>
  );
}
