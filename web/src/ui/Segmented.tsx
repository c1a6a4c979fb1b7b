import { cx } from './cx';

interface Props<T extends string> {
  label: string;
  values: readonly T[];
  nameOf: (value: T) => string;
  value: T;
  onChange: (value: T) => void;
}

/** One of a few, all in sight. */
export function Segmented<T extends string>(props: Props<T>) {
  const { label, values, nameOf, value, onChange } = props;
  return (
    <div
      role="group"
      aria-label={label}
      className="inline-flex flex-wrap rounded-control border border-edge p-0.5 text-sm"
    >
      {values.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === value}
          onClick={() => onChange(one)}
          className={cx(
            'min-h-7 rounded-[0.375rem] px-2.5',
            one === value
              ? 'bg-accent font-semibold text-on-accent'
              : 'text-ink hover:bg-raised',
          )}
        >
          {nameOf(one)}
        </button>
      ))}
    </div>
  );
}
