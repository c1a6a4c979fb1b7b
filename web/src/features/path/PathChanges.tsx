import { useId, useState } from 'react';
import type { Adaptation } from '@/api/types';
import type { Names } from '@/features/catalogue/get-catalogue';
import { ago } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import { causesOf, effectsOf } from './words';

const t = en.path.changes;

interface Props {
  history: Adaptation[];
  names: Names;
}

function sentence(parts: string[]): string {
  const text = parts.join('; ');
  return text.endsWith('.') ? text : `${text}.`;
}

/** Each change of the path with what led to it and what it did, newest first. */
export function PathChanges({ history, names }: Props) {
  const [open, setOpen] = useState(false);
  const list = useId();
  const newest = [...history].reverse();
  return (
    <div className="border-t border-line pt-2">
      <h3>
        <button
          type="button"
          aria-expanded={open}
          aria-controls={list}
          onClick={() => setOpen(!open)}
          className="flex min-h-9 w-full items-baseline gap-2 rounded-control px-1 text-start hover:bg-raised"
        >
          <span
            aria-hidden="true"
            className={cx('text-xs text-soft transition-transform', open && 'rotate-90')}
          >
            ▶
          </span>
          {t.title}
        </button>
      </h3>
      <ol id={list} hidden={!open} className="flex flex-col ps-1">
        {open &&
          newest.map((change) => (
            <li
              key={`${change.at}-${change.version}`}
              className="grid gap-x-4 gap-y-0.5 border-t border-line py-2 first:border-t-0 sm:grid-cols-[8rem_1fr]"
            >
              <time dateTime={change.at} className="text-sm text-soft">
                {ago(new Date(change.at))}
              </time>
              <div className="max-w-prose">
                <p>
                  <span className="sr-only">{t.cause}: </span>
                  {sentence(causesOf(change, names))}
                </p>
                <p className="text-sm text-soft">
                  <span aria-hidden="true">→ </span>
                  <span className="sr-only">{t.effect}: </span>
                  {sentence(effectsOf(change))}
                </p>
              </div>
            </li>
          ))}
      </ol>
    </div>
  );
}
