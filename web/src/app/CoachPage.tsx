import { useState, type FormEvent } from 'react';
import { isDenied, isUnknown } from '@/api/errors';
import { useClient } from './client-context';
import { useCaller } from './get-caller';
import { hrefOf, Link, usePlace } from './router';
import { Shell } from './Shell';
import { SignIn } from './StartPage';
import { useLearners } from '@/features/learners/api/get-learners';
import { useQueryParameter } from '@/lib/query';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Segmented } from '@/ui/Segmented';
import { Failed, Message, Skeleton } from '@/ui/states';
import { useStandings } from '@/features/coach/api/get-standing';
import { CoachList, needsAttention, type Row } from '@/features/coach/CoachList';

const t = en.coach;
const SHOWN = ['all', 'attention'] as const;

/** For whoever cannot be told whom they have. */
function ByNumber() {
  const { go } = usePlace();
  const [number, setNumber] = useState('');
  const wrong = number !== '' && !/^[1-9]\d{0,12}$/.test(number);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (number && !wrong) go(hrefOf.learner(number));
  }
  return (
    <form onSubmit={submit} className="flex flex-col items-start gap-2">
      <label className="flex flex-col gap-1">
        {t.number}
        <input
          inputMode="numeric"
          className="min-h-10 rounded-control border border-edge bg-surface px-3"
          value={number}
          aria-invalid={wrong || undefined}
          onChange={(event) => setNumber(event.target.value.trim())}
        />
      </label>
      {wrong && <p className="text-bad">{t.notANumber}</p>}
      <Button type="submit" look="primary">
        {t.go}
      </Button>
    </form>
  );
}

function useRows(ids: string[]): Row[] {
  const standings = useStandings(useClient(), ids);
  return ids.map((userId, i) => {
    const one = standings[i];
    const failed = isUnknown(one?.error) ? 'unknown' : 'failed';
    const state = one?.data ? 'seen' : one?.error ? failed : 'looking';
    return { userId, state, seen: one?.data ?? null };
  });
}

function Assigned() {
  const learners = useLearners(useClient(), true);
  const [shown, setShown] = useQueryParameter('show', SHOWN);
  const ids = learners.data?.pages.flatMap((page) => page.users) ?? [];
  const rows = useRows(ids);
  const attention = rows.filter(needsAttention);
  if (isDenied(learners.error))
    return (
      <Message title={t.noList} action={<ByNumber />}>
        {t.noListHelp}
      </Message>
    );
  if (learners.error)
    return <Failed why={learners.error.message} onRetry={() => void learners.refetch()} />;
  if (learners.isPending) return <Skeleton heights={['h-96 w-full']} />;
  return (
    <div className="flex flex-col items-start gap-4">
      <div className="flex w-full flex-wrap items-center justify-between gap-3">
        <p className="max-w-prose text-soft">{t.help}</p>
        <Segmented
          label={t.filter.label}
          values={SHOWN}
          nameOf={(one) => t.filter[one]}
          value={shown}
          onChange={setShown}
        />
      </div>
      <p role="status" className="font-semibold">
        {rows.some((row) => row.state === 'looking')
          ? t.looking
          : t.attention(attention.length)}
      </p>
      <div className="w-full">
        <CoachList
          rows={shown === 'attention' ? attention : rows}
          linkTo={(id, text, label) => (
            <Link
              href={hrefOf.learner(id)}
              aria-label={label}
              className="inline-block min-h-6 text-accent underline underline-offset-2"
            >
              {text}
            </Link>
          )}
        />
      </div>
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

/** Assigned learners, those first who may need somebody. */
export default function CoachPage() {
  const caller = useCaller();
  if (isDenied(caller.error)) return <SignIn />;
  return (
    <Shell title={t.title}>
      <Assigned />
    </Shell>
  );
}
