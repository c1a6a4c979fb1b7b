// The parts of the form of a goal.

export const control =
  'min-h-10 w-full rounded-control border border-edge bg-surface px-3';

interface ChoiceProps<T extends string> {
  label: string;
  of: readonly T[];
  nameOf: (one: T) => string;
  value: T | undefined;
  onChange: (one: T) => void;
}

/** One of a few, in the browser's own list. */
export function Choice<T extends string>({ label, of, nameOf, value, onChange }: ChoiceProps<T>) {
  return (
    <label className="flex flex-col gap-1">
      {label}
      <select
        className={control}
        value={value}
        onChange={(event) => {
          const chosen = of.find((one) => one === event.target.value);
          if (chosen) onChange(chosen);
        }}
      >
        {of.map((one) => (
          <option key={one} value={one}>
            {nameOf(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ChecksProps {
  title: string;
  of: { id: string; name: string }[];
  chosen: string[];
  most: number;
  onChange: (chosen: string[]) => void;
}

/** Any of many, up to a number of them. */
export function Checks({ title, of, chosen, most, onChange }: ChecksProps) {
  return (
    <fieldset className="max-h-44 overflow-auto rounded-control border border-edge p-3">
      <legend className="px-1">{title}</legend>
      <div className="grid grid-cols-1 sm:grid-cols-2">
        {of.map(({ id, name }) => {
          const on = chosen.includes(id);
          return (
            <label key={id} className="flex min-h-7 items-center gap-2">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={on}
                disabled={!on && chosen.length >= most}
                onChange={() =>
                  onChange(on ? chosen.filter((x) => x !== id) : [...chosen, id])
                }
              />
              {name}
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
