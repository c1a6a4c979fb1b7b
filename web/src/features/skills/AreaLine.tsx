import type { ReactNode } from 'react';
import { ago, count, percent, points } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import { IntervalBar } from '@/ui/IntervalBar';
import type { AreaRow, Movement } from './rules';

interface Props {
  row: AreaRow;
  name: string;
  movement: Movement | null;
  /** The skills in it, shown when opened. */
  children?: ReactNode;
  open: boolean;
  onToggle: () => void;
}

function MovementText({ movement }: { movement: Movement }) {
  const t = en.skills;
  const text = points(movement.change);
  const when = movement.since
    ? t.sinceVisit(ago(movement.since))
    : t.inFourWeeks;
  const rising = movement.change > 0;
  if (text === '0') return <span>{`${t.steady} ${when}`}</span>;
  return (
    <span>
      <span aria-hidden="true">{rising ? '▲ ' : '▼ '}</span>
      {rising ? t.up(text.slice(1)) : t.down(text.slice(1))} {when}
    </span>
  );
}

export function AreaLine({ row, name, movement, children, open, onToggle }: Props) {
  const t = en.skills;
  const { estimate, level } = row;
  const answers = Math.round(level.evidence);
  return (
    <li className="border-t border-line first:border-t-0">
      <button
        type="button"
        aria-expanded={open}
        onClick={onToggle}
        className="grid w-full grid-cols-[1fr_auto] items-center gap-x-4 gap-y-1 rounded-control px-1 py-2.5 text-start hover:bg-raised"
      >
        <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
          <span className="font-semibold break-words">
            <span
              aria-hidden="true"
              className={cx(
                'me-2 inline-block text-xs text-soft transition-transform',
                open && 'rotate-90',
              )}
            >
              ▶
            </span>
            {name}
          </span>
          {row.weak && (
            <span className="rounded bg-warn-wash px-1.5 text-xs whitespace-nowrap text-warn">
              {t.weak}
            </span>
          )}
        </span>
        <span className="justify-self-end">
          {estimate && en.levels[level.level]}
        </span>
        {estimate && (
          <>
            <span className="flex items-center gap-3">
              <IntervalBar
                {...estimate}
                label={t.likely(
                  percent(estimate.value),
                  percent(estimate.low),
                  percent(estimate.high),
                )}
              />
            </span>
            <span className="w-12 justify-self-end text-end font-semibold">
              {percent(estimate.value)}
            </span>
          </>
        )}
        <span className="col-span-2 flex flex-wrap gap-x-3 text-sm text-soft">
          <span>
            {estimate
              ? t.range(percent(estimate.low), percent(estimate.high))
              : t.notEnough}
          </span>
          <span>{answers === 1 ? t.oneAnswer : t.answers(count(answers))}</span>
          {movement && <MovementText movement={movement} />}
        </span>
      </button>
      {open && children}
    </li>
  );
}
