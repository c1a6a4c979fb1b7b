import { memo, type ReactNode } from 'react';
import type { PathStep } from '@/api/types';
import { day, minutes, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';

const t = en.path;
const marks = { done: '✓', ready: '▶', locked: '•' } as const;

export function StatusMark({ status }: { status: PathStep['status'] }) {
  return (
    <span
      className={cx(
        'mt-0.5 grid size-5 shrink-0 place-items-center rounded-full border text-[0.65rem]',
        status === 'done' && 'border-accent bg-accent text-on-accent',
        status === 'ready' && 'border-accent text-accent',
        status === 'locked' && 'border-edge text-soft',
      )}
    >
      <span aria-hidden="true">{marks[status]}</span>
      <span className="sr-only">{t.status[status]}</span>
    </span>
  );
}

interface Props {
  step: PathStep;
  concept: string;
  /** Why it is locked; empty when it is not. */
  waits: string;
  pinned: boolean;
  open: boolean;
  onToggle: (position: number) => void;
  /** Drawn only while it is open. */
  actions?: ReactNode;
}

function Details({ step }: { step: PathStep }) {
  return (
    <div className="flex max-w-prose flex-col gap-1 text-soft">
      <p className="text-ink">{step.why}</p>
      {step.now && <p>{step.now}</p>}
      <p>
        {t.mastery(percent(step.mastery_before), percent(step.mastery_after))}
        {step.success !== null && `; ${t.success(percent(step.success))}`}
      </p>
    </div>
  );
}

export const StepRow = memo(function StepRow(props: Props) {
  const { step, concept, waits, pinned, open, onToggle, actions } = props;
  return (
    <li className="border-t border-line first:border-t-0">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => onToggle(step.position)}
        className="flex w-full items-start gap-3 rounded-control px-1 py-2 text-start hover:bg-raised"
      >
        <StatusMark status={step.status} />
        <span className="min-w-0 grow">
          <span className="flex flex-wrap items-baseline gap-x-2">
            <span className={cx('break-words', step.status === 'ready' && 'font-semibold')}>
              {step.title}
            </span>
            {pinned && (
              <span className="rounded bg-accent-wash px-1.5 text-xs text-accent">
                {t.pinned}
              </span>
            )}
          </span>
          <span className="block text-sm text-soft">
            {t.kinds[step.kind]}
            {step.parts > 1 && ` (${t.part(step.part, step.parts)})`}
            {concept !== step.title && ` · ${concept}`}
          </span>
          {waits && <span className="block text-sm text-soft">{waits}</span>}
        </span>
        <span className="shrink-0 text-end text-sm text-soft">
          <span className="block">{day(step.day)}</span>
          <span className="block">{minutes(step.minutes)}</span>
        </span>
      </button>
      {open && (
        <div className="flex flex-col gap-3 ps-9 pe-1 pb-3">
          <Details step={step} />
          {actions}
        </div>
      )}
    </li>
  );
});
