import { useEffect } from 'react';
import { isDenied } from '@/api/errors';
import type { Caller } from '@/api/types';
import { useCoached } from '@/features/coach/api/get-coached';
import { LearnerTile } from '@/features/learners/LearnerTile';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Denied, Failed, Message, Skeleton } from '@/ui/states';
import { useClient } from './client-context';
import { useCaller } from './get-caller';
import { hrefOf, Link, usePlace } from './router';
import { Shell } from './Shell';

export function SignIn() {
  return (
    <Shell title={en.app.signIn.title} signedIn={false}>
      <Message title={en.app.signIn.title}>{en.app.signIn.help}</Message>
    </Shell>
  );
}

function Learners() {
  const coached = useCoached(useClient());
  const t = en.app.learners;
  const learners = coached.data?.pages.flatMap((page) => page.learners) ?? [];
  if (isDenied(coached.error)) return <Denied />;
  if (coached.error && !learners.length)
    return (
      <Failed
        why={coached.error.message}
        onRetry={() => void coached.refetch()}
        retrying={coached.isFetching}
      />
    );
  if (coached.isPending) return <Skeleton heights={['h-96 w-full']} />;
  if (!learners.length) return <Message title={t.none}>{t.noneHelp}</Message>;
  return (
    <div className="flex flex-col items-start gap-4">
      <p className="text-soft">
        {t.help}{' '}
        <Link href={hrefOf.coach()} className="text-accent underline underline-offset-2">
          {t.toAttention}
        </Link>
      </p>
      <ul className="grid w-full grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
        {learners.map((one) => (
          <li key={one.userId}>
            <Link
              href={hrefOf.learner(one.userId)}
              className="block h-full rounded-card border border-line bg-surface p-4 hover:border-accent"
            >
              <LearnerTile learner={one} />
            </Link>
          </li>
        ))}
      </ul>
      {coached.hasNextPage && (
        <Button
          busy={coached.isFetchingNextPage}
          onClick={() => void coached.fetchNextPage()}
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
