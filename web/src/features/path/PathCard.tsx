import { useSyncExternalStore } from 'react';
import { useWho } from '@/api/context';
import type { LearningPath } from '@/api/types';
import { activityOfStep, useBeginning } from '@/features/activity/begin';
import { QueryCard } from '@/features/card/QueryCard';
import { useCatalogue } from '@/features/catalogue/get-catalogue';
import { useChoice } from '@/lib/filters';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button, buttonClass } from '@/ui/Button';
import { Message } from '@/ui/states';
import { usePath } from './api/get-path';
import { useControl } from './api/post-control';
import { LearningPathVisualization, type View } from './LearningPathVisualization';
import type { Ask } from './StepActions';
import { foreseen, type Filter } from './steps';

const t = en.path;
const SKELETON = ['h-6 w-1/2', ...Array.from({ length: 7 }, () => 'h-12 w-full')];
const VIEWS: readonly ['auto', View, View] = ['auto', 'list', 'graph'];
const FILTERS: readonly [Filter, Filter, Filter] = ['all', 'ready', 'reviews'];
const WIDE = '(min-width: 64rem)';

/** Whether the window has room for a map. */
function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = globalThis.matchMedia?.(WIDE);
      media?.addEventListener('change', listener);
      return () => media?.removeEventListener('change', listener);
    },
    () => globalThis.matchMedia?.(WIDE).matches ?? false,
    () => false,
  );
}

function useAsk(): { ask: Ask; busy: boolean; error: Error | null } {
  const say = useAnnounce();
  const control = useControl(foreseen);
  const ask: Ask = (wish, said) =>
    control.mutate(wish, {
      onSuccess: () => say(said),
      onError: (error) => say.wrong(en.common.refused(error.message)),
    });
  return { ask, busy: control.isPending, error: control.error };
}

function doneOf(path: LearningPath): number {
  return path.path_config.steps.filter((step) => step.status === 'done').length;
}

export function PathCard({ className }: { className?: string }) {
  const { readOnly } = useWho();
  const path = usePath();
  const catalogue = useCatalogue();
  const wide = useWide();
  const [asked, setView] = useChoice('path', VIEWS);
  const [filter, setFilter] = useChoice('steps', FILTERS);
  const { ask, busy, error } = useAsk();
  const beginning = useBeginning();
  const view = asked === 'auto' ? (wide ? 'graph' : 'list') : asked;
  const next = path.data?.path_config.steps.find((step) => step.status === 'ready');
  return (
    <QueryCard
      title={t.title}
      id="path"
      className={className}
      queries={[path, catalogue]}
      skeleton={SKELETON}
      cold={
        <Message
          title={t.cold}
          action={
            !readOnly && (
              <a href="#goal" className={buttonClass('plain')}>
                {t.setGoal}
              </a>
            )
          }
        >
          {t.coldHelp}
        </Message>
      }
      aside={
        path.data && t.aside(doneOf(path.data), path.data.path_config.steps_total)
      }
      action={
        next && beginning && (
          <Button
            busy={beginning.busy}
            onClick={() => beginning.begin(activityOfStep(next))}
          >
            {t.begin(next.title)}
          </Button>
        )
      }
    >
      {() =>
        path.data &&
        (path.data.path_config.steps.length === 0 ? (
          <Message title={t.empty}>{t.emptyHelp}</Message>
        ) : (
          <>
            {error && (
              <p role="alert" className="text-bad">
                {en.common.refused(error.message)}
              </p>
            )}
            <LearningPathVisualization
              path={path.data}
              {...(catalogue.data ? { catalogue: catalogue.data } : {})}
              view={view}
              onView={setView}
              filter={filter}
              onFilter={setFilter}
              busy={busy}
              {...(readOnly ? {} : { onAsk: ask })}
            />
          </>
        ))
      }
    </QueryCard>
  );
}
