import { useId, type ReactNode } from 'react';
import { cx } from './cx';
import { useKeptFocus } from './kept-focus';

interface Props {
  title: string;
  /** Beside the title: a figure, a filter. */
  aside?: ReactNode;
  /** What the card ends in. */
  action?: ReactNode;
  busy?: boolean;
  /** An anchor within the page. */
  id?: string;
  className?: string;
  children: ReactNode;
}

/** A region of the page with a heading. */
export function Card({ title, aside, action, busy, id, className, children }: Props) {
  const heading = useId();
  const kept = useKeptFocus<HTMLHeadingElement>();
  return (
    <section
      id={id}
      aria-labelledby={heading}
      aria-busy={busy || undefined}
      className={cx(
        'flex min-w-0 flex-col gap-4 rounded-card border border-line bg-surface p-4 sm:p-5',
        className,
      )}
      {...kept.within}
    >
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h2 id={heading} ref={kept.fallback} tabIndex={-1} className="text-lg leading-snug">
          {title}
        </h2>
        {aside && <div className="text-sm text-soft">{aside}</div>}
      </div>
      {children}
      {action && (
        <div className="mt-auto flex flex-wrap items-center gap-2 border-t border-line pt-3">
          {action}
        </div>
      )}
    </section>
  );
}
