import type { LearningPath } from '@/api/types';
import type { Names } from '@/features/catalogue/get-catalogue';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import type { Ask } from './StepActions';
import { releaseOf } from './steps';
import { wishText } from './words';

const t = en.path;

interface Props {
  path: LearningPath;
  names: Names;
  busy: boolean;
  ask?: Ask;
}

/** What the learner asked of the path, each with a way back. */
export function Wishes({ path, names, busy, ask }: Props) {
  const { controls, undo } = path;
  if (!controls.length && !undo) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 text-sm">
      {controls.length > 0 && (
        <>
          <h3 className="font-normal text-soft">{t.wishes.title}:</h3>
          <ul className="flex flex-wrap gap-1.5">
            {controls.map((control) => {
              const text = wishText(control, names);
              const release = releaseOf(control);
              return (
                <li
                  key={`${control.at}-${control.kind}-${text}`}
                  className="flex min-h-7 items-center gap-1 rounded-full border border-line bg-raised ps-3 pe-1"
                >
                  <span className={release && ask ? '' : 'pe-2'}>{text}</span>
                  {release && ask && (
                    <button
                      type="button"
                      aria-disabled={busy || undefined}
                      aria-label={t.wishes.takeBack(text)}
                      className="grid size-6 place-items-center rounded-full hover:bg-accent-wash"
                      onClick={() => !busy && ask(release, t.said.release)}
                    >
                      <span aria-hidden="true">✕</span>
                    </button>
                  )}
                </li>
              );
            })}
          </ul>
        </>
      )}
      {undo && ask && (
        <Button
          small
          look="quiet"
          busy={busy}
          onClick={() => ask({ kind: 'undo' }, t.said.undo)}
        >
          <span aria-hidden="true">↶</span>
          {t.undo(wishText(undo, names))}
        </Button>
      )}
    </div>
  );
}
