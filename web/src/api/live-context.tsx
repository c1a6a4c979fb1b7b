import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useWho } from './context';
import { keepLive, type LiveState } from './live';

/** Follows the learner's changes while it is mounted. */
export function useLive(): LiveState {
  const { client, userId } = useWho();
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('polling');
  useEffect(
    () => keepLive({ client, queries, user: userId, onState: setState }),
    [client, queries, userId],
  );
  return state;
}
