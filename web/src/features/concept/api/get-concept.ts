import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { answerOf, pageOf } from '@/api/errors';
import { keys } from '@/api/keys';

const SHOWN = 50;

/** What is believed of a skill, and why. */
export function useConcept(concept: string) {
  const { client, userId } = useWho();
  return useQuery({
    queryKey: keys.concept(userId, concept),
    queryFn: ({ signal }) =>
      answerOf(
        client.api.GET('/api/users/{userId}/answer-prediction', {
          params: { path: { userId }, query: { concept } },
          signal,
        }),
      ),
  });
}

/** What the belief stands on, newest first. */
export function useAnswers(concept: string) {
  const { client, userId } = useWho();
  return useInfiniteQuery({
    queryKey: keys.answers(userId, concept),
    initialPageParam: null as string | null,
    async queryFn({ pageParam, signal }) {
      const query = {
        concept,
        limit: SHOWN,
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      const { data, next } = await pageOf(
        client.api.GET('/api/users/{userId}/events', {
          params: { path: { userId }, query },
          signal,
        }),
      );
      return { events: data.events, next };
    },
    getNextPageParam: (page) => page.next,
  });
}
