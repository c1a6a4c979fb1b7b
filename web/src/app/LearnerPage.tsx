import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import { PersonalizationProvider } from '@/api/context';
import { isDenied } from '@/api/errors';
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

export function LearnerPage({ userId, concept }: Props) {
  const client = useClient();
  const queries = useQueryClient();
  const caller = useCaller();
  const { go } = usePlace();
  const navigation = useMemo(
    () => ({
      openConcept: (id: string) => go(hrefOf.concept(userId, id)),
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
          {role === 'coach' && (
            <p className="mb-4 text-soft">{en.app.readOnly}</p>
          )}
          {concept === null ? (
            <Dashboard />
          ) : (
            <>
              <p className="mb-3">
                <Link
                  href={hrefOf.learner(userId)}
                  className="inline-block min-h-6 text-accent underline underline-offset-2"
                >
                  {en.concept.back}
                </Link>
              </p>
              <Suspense fallback={<Skeleton heights={['h-96 w-full']} />}>
                <ConceptPage key={concept} concept={concept} />
              </Suspense>
            </>
          )}
        </NavigationContext>
      </PersonalizationProvider>
    </Shell>
  );
}
