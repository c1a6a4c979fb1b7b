import { useCallback, useState, type ReactNode } from 'react';
import type { Catalogue, LearningPath, PathStep } from '@/api/types';
import type { Names } from '@/features/catalogue/get-catalogue';
import { day, minutes } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import { isPinned, stagesOf, weekOf, type Filter, type Stage } from './steps';
import { StepRow } from './StepRow';
import { waitsText } from './words';

const t = en.path;
const AT_ONCE = 12; // steps of a stage drawn before more are asked for
const MORE = 60;
const DAY_MS = 86_400_000;

function stageName(id: string, today: string): string {
  if (id === 'done') return t.stage.done;
  const here = weekOf(today);
  if (id === here) return t.stage.thisWeek;
  const next = new Date(Date.parse(`${here}T00:00:00Z`) + 7 * DAY_MS);
  if (id === next.toISOString().slice(0, 10)) return t.stage.nextWeek;
  return t.stage.week(day(id));
}

interface RowsProps {
  path: LearningPath;
  shown: PathStep[];
  catalogue: Catalogue | undefined;
  names: Names;
  actionsOf?: (step: PathStep) => ReactNode;
}

/** Rows of steps, one of them open at most. */
export function StepRows({ path, shown, catalogue, names, actionsOf }: RowsProps) {
  const [open, setOpen] = useState<number | null>(null);
  const toggle = useCallback(
    (position: number) => setOpen((now) => (now === position ? null : position)),
    [],
  );
  const { steps } = path.path_config;
  return (
    <ol>
      {shown.map((step) => (
        <StepRow
          key={`${step.position}-${step.title}`}
          step={step}
          concept={names.concept(step.concept)}
          waits={waitsText(step, steps, catalogue)}
          pinned={step.status !== 'done' && isPinned(path, step.content_id)}
          open={open === step.position}
          onToggle={toggle}
          actions={open === step.position ? actionsOf?.(step) : undefined}
        />
      ))}
    </ol>
  );
}

interface StageProps extends Omit<RowsProps, 'shown'> {
  stage: Stage;
  name: string;
  open: boolean;
  onToggle: () => void;
}

function StageSection({ stage, name, open, onToggle, ...rows }: StageProps) {
  const [most, setMost] = useState(AT_ONCE);
  const more = stage.steps.length - most;
  return (
    <li className="border-t border-line first:border-t-0">
      <h3>
        <button
          type="button"
          aria-expanded={open}
          onClick={onToggle}
          className="flex min-h-10 w-full flex-wrap items-baseline gap-x-3 rounded-control px-1 py-2 text-start hover:bg-raised"
        >
          <span
            aria-hidden="true"
            className={cx('text-xs text-soft transition-transform', open && 'rotate-90')}
          >
            ▶
          </span>
          <span>{name}</span>
          <span className="ms-auto text-sm font-normal text-soft">
            {t.stage.count(stage.steps.length)}
            {stage.reviews > 0 && ` · ${t.stage.reviews(stage.reviews)}`}
            {stage.id !== 'done' && ` · ${minutes(stage.minutes)}`}
          </span>
        </button>
      </h3>
      {open && (
        <div className="pb-2 sm:ps-4">
          <StepRows {...rows} shown={stage.steps.slice(0, most)} />
          {more > 0 && (
            <button
              type="button"
              className="min-h-8 px-1 text-accent underline underline-offset-2"
              onClick={() => setMost(most + MORE)}
            >
              {t.showMore(Math.min(more, MORE))}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

interface Props extends Omit<RowsProps, 'shown'> {
  filter: Filter;
}

/** The path in sections: what is done, then week by week. */
export function PathList({ filter, ...rows }: Props) {
  const { path } = rows;
  const stages = stagesOf(path.path_config.steps, filter);
  const coming = stages.find((stage) => stage.id !== 'done')?.id;
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const today = path.path_config.from_day;
  if (!stages.length) return <p className="text-soft">{t.filter.none}</p>;
  return (
    <ol>
      {stages.map((stage) => (
        <StageSection
          {...rows}
          key={stage.id}
          stage={stage}
          name={stageName(stage.id, today)}
          open={(stage.id === coming) !== toggled.has(stage.id)}
          onToggle={() =>
            setToggled((now) => {
              const next = new Set(now);
              if (!next.delete(stage.id)) next.add(stage.id);
              return next;
            })
          }
        />
      ))}
    </ol>
  );
}
