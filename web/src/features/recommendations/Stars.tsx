import { useId } from 'react';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';

interface Props {
  title: string;
  value: number | null;
  onRate: (score: number) => void;
}

const SCORES = [1, 2, 3, 4, 5];

/** Five radio buttons of the browser's own, drawn as stars. */
export function Stars({ title, value, onRate }: Props) {
  const name = useId();
  const t = en.recommendations;
  return (
    <fieldset className="flex">
      <legend className="sr-only">{t.rate(title)}</legend>
      {SCORES.map((score) => {
        const full = value !== null && score <= value;
        return (
          <label
            key={score}
            className={cx(
              'flex size-7 cursor-pointer items-center justify-center rounded text-lg leading-none',
              'has-focus-visible:outline-3 has-focus-visible:outline-accent',
              full ? 'text-accent' : 'text-soft',
            )}
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              checked={value === score}
              onChange={() => onRate(score)}
            />
            <span className="sr-only">{t.stars(score)}</span>
            <span aria-hidden="true">{full ? '★' : '☆'}</span>
          </label>
        );
      })}
    </fieldset>
  );
}
