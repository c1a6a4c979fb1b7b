import { percent } from '@/lib/format';

interface Props {
  /** All in [0, 1]. */
  value: number;
  low: number;
  high: number;
  /** In place of the default text. */
  label: string;
}

/** A value with its likely range. Position tells; colour only helps. */
export function IntervalBar({ value, low, high, label }: Props) {
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      className="h-2.5 w-full overflow-visible"
      data-value={percent(value)}
    >
      <rect x="0" y="3.5" width="100" height="3" rx="1" className="fill-line" />
      <rect
        x={low * 100}
        y="2"
        width={Math.max(1, (high - low) * 100)}
        height="6"
        rx="1"
        className="fill-range"
      />
      <rect
        x={Math.min(98.6, Math.max(0, value * 100 - 0.7))}
        y="0"
        width="1.4"
        height="10"
        className="fill-accent"
      />
    </svg>
  );
}
