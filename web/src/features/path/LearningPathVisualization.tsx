import { lazy, Suspense, useCallback, useDeferredValue, useMemo, type ReactNode } from 'react';
import type { Catalogue, LearningPath, PathStep } from '@/api/types';
import { namesOf } from '@/features/catalogue/get-catalogue';
import { day, minutes } from '@/lib/format';
import { en } from '@/strings/en';
import { Segmented } from '@/ui/Segmented';
import { PathChanges } from './PathChanges';
import { PathList, StepRows } from './PathList';
import { StepActions, type Ask } from './StepActions';
import type { Filter } from './steps';
import { Wishes } from './Wishes';

// The graph's library is as large as the rest of the page.
const PathGraph = lazy(() => import('./PathGraph'));

const t = en.path;

export type View = 'list' | 'graph';

export interface LearningPathVisualizationProps {
  path: LearningPath;
  /** Names and prerequisites; without it, names are made from ids. */
  catalogue?: Catalogue;
  view?: View;
  onView?: (view: View) => void;
  filter?: Filter;
  onFilter?: (filter: Filter) => void;
  /** Called with a wish and the words for it; left out: nothing is offered. */
  onAsk?: Ask;
  /** A wish is under way. */
  busy?: boolean;
}

function GraphPlace() {
  return (
    <div
      role="status"
      className="grid h-[26rem] place-items-center rounded-control bg-raised text-soft"
    >
      {t.graph.loading}
    </div>
  );
}

function Finish({ path }: { path: LearningPath }) {
  const { completion_day, completion_low_day, completion_high_day } = path.path_config;
  if (completion_day === null) return <p className="text-soft">{t.finishOpen}</p>;
  return (
    <p>
      <span className="font-semibold">{t.finish(day(completion_day))}</span>
      {completion_low_day && completion_high_day && (
        <span className="text-soft">
          {`, ${t.finishRange(day(completion_low_day), day(completion_high_day))}`}
        </span>
      )}
    </p>
  );
}

function LeftOut({ path, nameOf }: { path: LearningPath; nameOf: (id: string) => string }) {
  const { dropped, extra_minutes_a_week } = path.path_config;
  if (!dropped.length) return null;
  return (
    <div className="rounded-control bg-warn-wash p-3 text-warn">
      <p className="font-semibold">{t.left.title(dropped.length)}</p>
      <p>
        {dropped.slice(0, 5).map(nameOf).join(', ')}
        {dropped.length > 5 && ' ..'}.
        {extra_minutes_a_week !== null &&
          extra_minutes_a_week > 0 &&
          ` ${t.left.more(minutes(extra_minutes_a_week))}`}
      </p>
    </div>
  );
}

/** The plan towards the goal, as a list or as a map of skills. */
export function LearningPathVisualization(props: LearningPathVisualizationProps) {
  const { path, catalogue, view = 'list', onView, onAsk, busy = false } = props;
  const { filter = 'all', onFilter } = props;
  // A press shows at once; what it brings follows, and may be interrupted.
  const shownView = useDeferredValue(view);
  const shownFilter = useDeferredValue(filter);
  const names = useMemo(() => namesOf(catalogue), [catalogue]);
  const actionsOf = useCallback(
    (step: PathStep): ReactNode =>
      onAsk && (
        <StepActions
          path={path}
          step={step}
          concept={names.concept(step.concept)}
          busy={busy}
          ask={onAsk}
        />
      ),
    [path, names, busy, onAsk],
  );
  const rows = { path, catalogue, names, actionsOf };
  const hidden = path.path_config.steps_total - path.path_config.steps.length;
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <Finish path={path} />
        <div className="flex flex-wrap gap-2">
          {onFilter && view === 'list' && (
            <Segmented
              label={t.filter.label}
              values={['all', 'ready', 'reviews'] as const}
              nameOf={(one) => t.filter[one]}
              value={filter}
              onChange={onFilter}
            />
          )}
          {onView && (
            <Segmented
              label={t.view.label}
              values={['list', 'graph'] as const}
              nameOf={(one) => t.view[one]}
              value={view}
              onChange={onView}
            />
          )}
        </div>
      </div>
      <LeftOut path={path} nameOf={names.concept} />
      <Wishes path={path} names={names} busy={busy} {...(onAsk ? { ask: onAsk } : {})} />
      {shownView === 'list' ? (
        <PathList {...rows} filter={shownFilter} />
      ) : (
        <Suspense fallback={<GraphPlace />}>
          <PathGraph
            path={path}
            {...(catalogue ? { catalogue } : {})}
            names={names}
            stepsOf={(shown) => <StepRows {...rows} shown={shown} />}
          />
        </Suspense>
      )}
      {hidden > 0 && <p className="text-sm text-soft">{t.notListed(hidden)}</p>}
      <PathChanges history={path.adaptation_history} names={names} />
    </div>
  );
}
