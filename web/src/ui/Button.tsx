import type { ButtonHTMLAttributes } from 'react';
import { cx } from './cx';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const looks: Record<Look, string> = {
  primary:
    'bg-accent text-on-accent hover:bg-accent-strong disabled:opacity-60 font-semibold',
  plain:
    'border border-edge bg-surface text-ink hover:bg-raised disabled:opacity-60',
  quiet: 'text-accent hover:bg-accent-wash disabled:opacity-60',
  danger: 'border border-bad text-bad hover:bg-bad-wash disabled:opacity-60',
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
}

export function Button({ look, small, className, type, ...rest }: Props) {
  return (
    <button
      type={type ?? 'button'}
      className={cx(buttonClass(look, small), className)}
      {...rest}
    />
  );
}
