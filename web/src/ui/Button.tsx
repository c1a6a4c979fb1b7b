import type { ButtonHTMLAttributes } from 'react';
import { cx } from './cx';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const DIM = 'disabled:opacity-60 aria-disabled:opacity-60';

const looks: Record<Look, string> = {
  primary: `bg-accent text-on-accent hover:bg-accent-strong font-semibold ${DIM}`,
  plain: `border border-edge bg-surface text-ink hover:bg-raised ${DIM}`,
  quiet: `text-accent hover:bg-accent-wash ${DIM}`,
  danger: `border border-bad text-bad hover:bg-bad-wash ${DIM}`,
};

/** Classes of a button, for links that look like one. */
export function buttonClass(look: Look = 'plain', small = false): string {
  return cx(
    'inline-flex items-center justify-center gap-2 rounded-control text-center',
    'transition-colors select-none',
    small ? 'min-h-8 px-2.5 text-sm' : 'min-h-10 px-4',
    looks[look],
  );
}

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  small?: boolean;
  /** What it began is under way: nothing happens meanwhile. It is not disabled,
   * which would take the focus away from whoever pressed it by a key. */
  busy?: boolean;
}

export function Button({ look, small, busy, className, type, onClick, ...rest }: Props) {
  return (
    <button
      type={type ?? 'button'}
      className={cx(buttonClass(look, small), className)}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
      {...rest}
    />
  );
}
