import { useEffect } from 'react';
import { isDenied } from '@/api/errors';
import type { Caller } from '@/api/types';
import { useLearners } from '@/features/learners/api/get-learners';
import { LearnerTile } from '@/features/learners/LearnerTile';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Failed, Message, Skeleton } from '@/ui/states';
import { useClient } from './client-context';
import { useCaller } from './get-caller';
import { hrefOf, Link, usePlace } from './router';
import { Shell } from './Shell';

export function SignIn() {
  return (
    <Shell title={en.app.signIn.title}>
      <Message title={en.app.signIn.title}>{en.app.signIn.help}</Message>
    </Shell>
  );
}

function Learners() {
  const client = useClient();
  const learners = useLearners(client, true);
  const t = en.app.learners;
  const ids = learners.data?.pages.flatMap((page) => page.users) ?? [];
  if (learners.error)
    return (
      <Failed
        why={learners.error.message}
        onRetry={() => void learners.refetch()}
      />
    );
  if (learners.isPending) return <Skeleton heights={['h-96 w-full']} />;
  if (!ids.length) return <Message title={t.none}>{t.noneHelp}</Message>;
  return (
    <div className="flex flex-col items-start gap-4">
      <p className="text-soft">{t.help}</p>
      <ul className="grid w-full grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
        {ids.map((id) => (
          <li key={id}>
            <Link
              href={hrefOf.learner(id)}
              className="block h-full rounded-card border border-line bg-surface p-4 hover:border-accent"
            >
              <LearnerTile id={id} client={client} />
            </Link>
          </li>
        ))}
      </ul>
      {learners.hasNextPage && (
        <Button
          disabled={learners.isFetchingNextPage}
          onClick={() => void learners.fetchNextPage()}
        >
          {t.more}
        </Button>
      )}
    </div>
  );
}

/** Where a caller begins: a learner at their own page. */
function homeOf(caller: Caller): string | null {
  if (caller.role === 'learner' && caller.userId)
    return hrefOf.learner(caller.userId);
  return caller.role === 'coach' ? hrefOf.coach() : null;
}

export function StartPage() {
  const caller = useCaller();
  const { go } = usePlace();
  const home = caller.data ? homeOf(caller.data) : null;
  useEffect(() => {
    if (home) go(home, true);
  }, [home, go]);
  if (isDenied(caller.error)) return <SignIn />;
  return (
    <Shell title={en.app.learners.title}>
      {caller.error ? (
        <Failed
          why={caller.error.message}
          onRetry={() => void caller.refetch()}
        />
      ) : caller.data && !home ? (
        <Learners />
      ) : (
        <Skeleton heights={['h-96 w-full']} />
      )}
    </Shell>
  );
}
