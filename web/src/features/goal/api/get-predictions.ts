import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';

/** What to expect 28 days from now, and of the goal. */
export function usePredictions() {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.predictions(userId, ''),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/skill-predictions', {
          params: { path: { userId } },
          signal,
        }),
      ),
  });
}

/** Another day, other minutes a week; null: as planned. */
export interface Supposed {
  at: string | null;
  minutes: number | null;
}

/** The same under a supposition; null asks nothing. The answer before stays
 * until the new one is there, and a question that is overtaken is called off. */
export function usePredictionsIf(supposed: Supposed | null) {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.predictions(userId, JSON.stringify(supposed)),
    queryFn: ({ signal }) => {
      const { at, minutes } = supposed ?? { at: null, minutes: null };
      const query = {
        ...(at === null ? {} : { at }),
        ...(minutes === null ? {} : { minutes_per_week: minutes }),
      };
      return answerOf(
        client.api.GET('/api/users/{userId}/skill-predictions', {
          params: { path: { userId }, query },
          signal,
        }),
      );
    },
    enabled: supposed !== null,
    placeholderData: keepPreviousData,
  });
}
