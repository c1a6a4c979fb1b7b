// A change shown before it is acknowledged, and taken back when it is refused.
import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';

interface Change<TInput, TCached> {
  /** Sends it; throws when it is refused. */
  send: (input: TInput) => Promise<unknown>;
  /** What is changed ahead of the answer. */
  queryKey: QueryKey;
  apply?: (cached: TCached, input: TInput) => TCached;
  /** What is asked for anew afterwards, whatever came of it. */
  touches: QueryKey[];
  /** Called for each change, also where what asked for it is gone by then. */
  done?: (input: TInput) => void;
  refused?: (error: Error) => void;
}

export function useOptimistic<TInput, TCached = unknown>(
  change: Change<TInput, TCached>,
) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, TInput, { before: TCached | undefined }>({
    mutationFn: change.send,
    async onMutate(input) {
      await queries.cancelQueries({ queryKey: change.queryKey });
      const before = queries.getQueryData<TCached>(change.queryKey);
      if (change.apply && before !== undefined)
        queries.setQueryData<TCached>(
          change.queryKey,
          change.apply(before, input),
        );
      return { before };
    },
    onSuccess: (_answer, input) => change.done?.(input),
    onError(error, _input, context) {
      if (context?.before !== undefined)
        queries.setQueryData(change.queryKey, context.before);
      change.refused?.(error);
    },
    onSettled() {
      for (const queryKey of change.touches)
        void queries.invalidateQueries({ queryKey });
    },
  });
}
