import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, type ReactNode } from 'react';
import { PersonalizationProvider } from '@/api/context';
import { isDenied } from '@/api/errors';
import { BeginProvider } from '@/features/activity/begin';
import { Dashboard } from '@/features/Dashboard';
import { NavigationContext } from '@/features/navigation';
import { en } from '@/strings/en';
import { Skeleton } from '@/ui/states';
import { useClient } from './client-context';
import { useCaller } from './get-caller';
import { LearnerSwitch } from './LearnerSwitch';
import { hrefOf, Link, usePlace } from './router';
import { Shell } from './Shell';
import { SignIn } from './StartPage';

const ConceptPage = lazy(async () => ({
  default: (await import('@/features/concept/ConceptPage')).ConceptPage,
}));

interface Props {
  userId: string;
  concept: string | null;
}

function Back({ href, children }: { href: string; children: ReactNode }) {
  return (
    <p className="mb-3">
      <Link
        href={href}
        className="inline-block min-h-6 text-accent underline underline-offset-2"
      >
        {children}
      </Link>
    </p>
  );
}

function Concept({ userId, concept }: { userId: string; concept: string }) {
  return (
    <>
      <Back href={hrefOf.learner(userId) + location.search}>{en.concept.back}</Back>
      <Suspense fallback={<Skeleton heights={['h-96 w-full']} />}>
        <ConceptPage key={concept} concept={concept} />
      </Suspense>
    </>
  );
}

export function LearnerPage({ userId, concept }: Props) {
  const client = useClient();
  const queries = useQueryClient();
  const caller = useCaller();
  const { go } = usePlace();
  const navigation = useMemo(
    () => ({
      // With the filters, so that the way back leads to the same view.
      openConcept: (id: string) =>
        go(hrefOf.concept(userId, id) + location.search),
      hrefOfConcept: (id: string) => hrefOf.concept(userId, id),
    }),
    [userId, go],
  );
  if (isDenied(caller.error)) return <SignIn />;
  const role = caller.data?.role;
  const own = role === 'learner' && caller.data?.userId === userId;
  return (
    <Shell
      title={own ? en.app.yourLearning : en.app.learner(userId)}
      aside={role === 'platform' && <LearnerSwitch current={userId} />}
    >
      <PersonalizationProvider
        userId={userId}
        client={client}
        queries={queries}
        readOnly={role === 'coach'}
      >
        <NavigationContext value={navigation}>
          <BeginProvider>
            {role === 'coach' && (
              <>
                {concept === null && <Back href={hrefOf.coach()}>{en.coach.back}</Back>}
                <p className="mb-4 text-soft">{en.app.readOnly}</p>
              </>
            )}
            {concept === null ? (
              <Dashboard />
            ) : (
              <Concept userId={userId} concept={concept} />
            )}
          </BeginProvider>
        </NavigationContext>
      </PersonalizationProvider>
    </Shell>
  );
}
