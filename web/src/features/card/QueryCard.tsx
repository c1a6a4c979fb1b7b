import type { ReactNode } from 'react';
import { ago } from '@/lib/format';
import { en } from '@/strings/en';
import { Card } from '@/ui/Card';
import { Denied, Failed, Skeleton, StaleNote } from '@/ui/states';
import { stateOfAll, type Asked } from './state';

interface Query extends Asked {
  dataUpdatedAt: number;
  isFetching: boolean;
  refetch: () => unknown;
}

interface Props {
  title: string;
  id?: string;
  className?: string;
  aside?: ReactNode;
  action?: ReactNode;
  /** What it takes to draw the card. */
  queries: Query[];
  /** Heights of the bars shown meanwhile, about those of the content. */
  skeleton: string[];
  /** Shown when the engine does not know the learner yet. */
  cold: ReactNode;
  /** Called only when every query has data. */
  children: () => ReactNode;
}

function whyOf(queries: Query[]): string {
  const error = queries.find((query) => query.error)?.error;
  return error instanceof Error ? error.message : en.states.failed;
}

/** A card that stands on queries, in each of its states. */
export function QueryCard(props: Props) {
  const { queries, skeleton, cold, children, action, aside, ...card } = props;
  const state = stateOfAll(queries);
  const retry = () => queries.forEach((query) => void query.refetch());
  const drawn = state === 'ready' || state === 'stale';
  const oldest = Math.min(...queries.map((query) => query.dataUpdatedAt));
  return (
    <Card
      {...card}
      busy={state === 'loading'}
      aside={drawn ? aside : undefined}
      action={drawn ? action : undefined}
    >
      {state === 'loading' && <Skeleton heights={skeleton} />}
      {state === 'denied' && <Denied />}
      {state === 'unknown' && cold}
      {state === 'failed' && (
        <Failed
          why={whyOf(queries)}
          onRetry={retry}
          retrying={queries.some((query) => query.isFetching)}
        />
      )}
      {state === 'stale' && (
        <StaleNote since={ago(new Date(oldest))} onRetry={retry} />
      )}
      {drawn && children()}
    </Card>
  );
}
