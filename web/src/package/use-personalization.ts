import { useQueries, useQueryClient, QueryClient } from '@tanstack/react-query';
import { useContext, useEffect, useMemo, useState } from 'react';
import { QueryClientContext } from '@tanstack/react-query';
import { createClient, type Client } from '@/api/client';
import { createQueryClient, useMaybePersonalization } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import { keepLive, type LiveState } from '@/api/live';
import type {
  LearningPath,
  PersonalizationProfile,
  ProgressAnalytics,
  Recommendation,
} from '@/api/types';

const DAYS = 180;

export interface PersonalizationData {
  profile: PersonalizationProfile | undefined;
  recommendations: Recommendation[] | undefined;
  learningPath: LearningPath | undefined;
  progress: ProgressAnalytics | undefined;
  /** None of them is there yet. */
  isLoading: boolean;
  /** The first thing that went wrong. */
  error: Error | null;
  /** "live": changes arrive by themselves; "polling": now and then. */
  live: LiveState;
  refetch: () => void;
}

export interface UsePersonalizationOptions {
  /** Left out: that of the provider around it, else this origin's. */
  client?: Client;
}

// Without a provider all callers share one cache and one client.
let sharedQueries: QueryClient | undefined;
let sharedClient: Client | undefined;

function useQueriesHere(): QueryClient {
  const around = useContext(QueryClientContext);
  return useQueryClient(around ?? (sharedQueries ??= createQueryClient()));
}

function askedFor(api: Client['api'], userId: string) {
  const path = { userId };
  const from = new Date(Date.now() - (DAYS - 1) * 86_400_000)
    .toISOString()
    .slice(0, 10);
  return [
    {
      queryKey: keys.profile(userId),
      queryFn: () =>
        answerOf(api.GET('/api/users/{userId}/profile', { params: { path } })),
    },
    {
      queryKey: keys.recommendations(userId),
      queryFn: () =>
        answerOf(
          api.GET('/api/users/{userId}/recommendations', { params: { path } }),
        ),
    },
    {
      queryKey: keys.path(userId),
      queryFn: () =>
        answerOf(
          api.GET('/api/users/{userId}/learning-path', { params: { path } }),
        ),
    },
    {
      queryKey: keys.analytics(userId, DAYS),
      queryFn: () =>
        answerOf(
          api.GET('/api/users/{userId}/progress-analytics', {
            params: { path, query: { from } },
          }),
        ),
    },
  ] as const;
}

/** What is known of a learner, kept up to date while it is mounted. */
export function usePersonalization(
  userId: string,
  options: UsePersonalizationOptions = {},
): PersonalizationData {
  const around = useMaybePersonalization();
  const client =
    options.client ?? around?.client ?? (sharedClient ??= createClient());
  const queries = useQueriesHere();
  const [live, setLive] = useState<LiveState>('polling');
  useEffect(
    () => keepLive({ client, queries, user: userId, onState: setLive }),
    [client, queries, userId],
  );
  const [profile, slate, path, progress] = useQueries(
    { queries: useMemo(() => askedFor(client.api, userId), [client, userId]) },
    queries,
  );
  return {
    profile: profile.data,
    recommendations: slate.data?.recommendations,
    learningPath: path.data,
    progress: progress.data,
    isLoading: [profile, slate, path, progress].every((one) => one.isPending),
    error: profile.error ?? slate.error ?? path.error ?? progress.error,
    live,
    refetch: () =>
      void queries.invalidateQueries({ queryKey: keys.learner(userId) }),
  };
}
