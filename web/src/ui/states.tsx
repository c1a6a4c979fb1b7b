// What a card shows when it has nothing to show, and why.
import type { ReactNode } from 'react';
import { en } from '@/strings/en';
import { Button } from './Button';
import { cx } from './cx';

/** Grey bars of about the height of what is coming, so that nothing moves. */
export function Skeleton({ heights }: { heights: string[] }) {
  return (
    <div role="status" className="flex flex-col gap-3">
      <span className="sr-only">{en.states.loading}</span>
      {heights.map((height, i) => (
        <div
          key={i}
          aria-hidden="true"
          className={cx('animate-pulse rounded-control bg-raised', height)}
        />
      ))}
    </div>
  );
}

interface MessageProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function Message({ title, children, action }: MessageProps) {
  return (
    <div className="flex flex-col items-start gap-2 rounded-control bg-raised p-4">
      <p className="font-semibold">{title}</p>
      {children && <div className="max-w-prose text-soft">{children}</div>}
      {action}
    </div>
  );
}

interface FailedProps {
  why: string;
  onRetry: () => void;
  retrying?: boolean;
}

export function Failed({ why, onRetry, retrying }: FailedProps) {
  return (
    <div
      role="alert"
      className="flex flex-col items-start gap-2 rounded-control bg-bad-wash p-4"
    >
      <p className="font-semibold text-bad">{en.states.failed}</p>
      <p className="max-w-prose">{why}</p>
      <Button small onClick={onRetry} disabled={retrying}>
        {retrying ? en.states.retrying : en.states.retry}
      </Button>
    </div>
  );
}

export function Denied() {
  return <Message title={en.states.denied}>{en.states.deniedHelp}</Message>;
}

interface StaleProps {
  since: string;
  onRetry: () => void;
}

export function StaleNote({ since, onRetry }: StaleProps) {
  return (
    <div
      role="status"
      className="flex flex-wrap items-center justify-between gap-2 rounded-control bg-warn-wash px-3 py-1.5 text-sm text-warn"
    >
      <span>{en.states.stale(since)}</span>
      <button
        type="button"
        className="min-h-6 rounded px-1 underline underline-offset-2"
        onClick={onRetry}
      >
        {en.states.retry}
      </button>
    </div>
  );
}
