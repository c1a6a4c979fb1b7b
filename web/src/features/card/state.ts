// Which of its states a card is in.
import { isDenied, isUnknown } from '@/api/errors';

/** The part of a query's result that decides. */
export interface Asked {
  data: unknown;
  error: unknown;
  isPending: boolean;
  fetchStatus: 'fetching' | 'paused' | 'idle';
}

export type CardState =
  | 'loading'
  | 'denied'
  | 'unknown' // the engine never heard of the learner: a cold start
  | 'failed'
  | 'stale' // something to show, but asking anew went wrong
  | 'ready';

export function stateOf(asked: Asked): CardState {
  if (isDenied(asked.error)) return 'denied';
  if (isUnknown(asked.error)) return 'unknown';
  if (asked.data !== undefined)
    return asked.error || asked.fetchStatus === 'paused' ? 'stale' : 'ready';
  return asked.error ? 'failed' : 'loading';
}

/** Of a card that needs several answers: the worst of them. */
export function stateOfAll(all: Asked[]): CardState {
  const order: CardState[] = ['denied', 'unknown', 'failed', 'loading', 'stale'];
  const states = all.map(stateOf);
  return order.find((state) => states.includes(state)) ?? 'ready';
}
