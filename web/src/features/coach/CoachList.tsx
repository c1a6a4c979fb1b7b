import type { ReactNode } from 'react';
import { day, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import { Message } from '@/ui/states';
import type { Looked } from './api/get-standing';
import type { Concern } from './attention';

const t = en.coach;

/** One learner of the list, at whatever stage the looking is. */
export interface Row {
  userId: string;
  state: 'looking' | 'failed' | 'unknown' | 'seen';
  seen: Looked | null;
}

export function concernText(concern: Concern): string {
  switch (concern.kind) {
    case 'quiet':
      return concern.days === null ? t.concern.never : t.concern.quiet(concern.days);
    case 'overdue':
      return t.concern.overdue(concern.reviews);
    case 'behind':
      return concern.by
        ? t.concern.behind(percent(concern.probability), day(concern.by))
        : t.concern.behindNoDate(percent(concern.probability));
    case 'noGoal':
      return t.concern.noGoal;
  }
}

/** Those first who may need somebody; those not looked at yet last. */
export function inOrder(rows: Row[]): Row[] {
  const rank = (row: Row) => row.seen?.weight ?? -1;
  return [...rows].sort((a, b) => rank(b) - rank(a));
}

export function needsAttention(row: Row): boolean {
  return !!row.seen?.concerns.some((one) => one.kind !== 'noGoal');
}

function About({ row }: { row: Row }) {
  const { seen, state } = row;
  if (!seen) {
    const words = { looking: t.looking, failed: t.failed, unknown: t.unknown, seen: '' };
    return <p className="text-soft">{words[state]}</p>;
  }
  return (
    <>
      {seen.concerns.length ? (
        <ul className="flex flex-wrap gap-1.5">
          {seen.concerns.map((one) => (
            <li
              key={one.kind}
              className={cx(
                'rounded px-2 py-0.5 text-sm',
                one.kind === 'noGoal' ? 'bg-raised text-soft' : 'bg-warn-wash text-warn',
              )}
            >
              {concernText(one)}
            </li>
          ))}
        </ul>
      ) : (
        <p className="text-soft">{t.fine}</p>
      )}
      <p className="text-sm text-soft">
        {seen.lastActive && `${t.last(day(seen.lastActive))} · `}
        {t.due(seen.due)} ·{' '}
        {seen.probability === null ? t.chanceUnknown : t.chance(percent(seen.probability))}
      </p>
    </>
  );
}

interface Props {
  rows: Row[];
  /** Makes the name a link to the learner's page. */
  linkTo: (userId: string, text: string, label: string) => ReactNode;
}

export function CoachList({ rows, linkTo }: Props) {
  if (!rows.length) return <Message title={t.none}>{t.noneHelp}</Message>;
  return (
    <ul className="rounded-card border border-line bg-surface">
      {inOrder(rows).map((row) => (
        <li
          key={row.userId}
          data-learner={row.userId}
          className="grid min-h-20 gap-x-6 gap-y-1 border-t border-line p-4 first:border-t-0 sm:grid-cols-[10rem_1fr]"
        >
          <h2 className="text-base">
            {linkTo(row.userId, t.learner(row.userId), t.open(row.userId))}
          </h2>
          <div className="flex min-w-0 flex-col gap-1">
            <About row={row} />
          </div>
        </li>
      ))}
    </ul>
  );
}
