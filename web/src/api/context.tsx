// Who is looked at, through which client, and what the viewer may do.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createContext, useContext, useMemo, type ReactNode } from 'react';
import { createClient, type Client } from './client';
import { retryDelay } from './errors';

/** What a platform does with a content that the learner starts. */
export interface OpenedContent {
  contentId: number;
  title: string;
  minutes: number;
}

export interface Personalization {
  client: Client;
  userId: string;
  /** A coach looks; nothing is offered that would change anything. */
  readOnly: boolean;
  /** Left out: a panel of the dashboard's own takes its place. */
  onOpenContent?: (content: OpenedContent) => void;
}

const Context = createContext<Personalization | null>(null);

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        retry: (attempt, error) => retryDelay(error, attempt) !== null,
        retryDelay: (attempt, error) => retryDelay(error, attempt) ?? 0,
      },
      mutations: { retry: false },
    },
  });
}

interface ProviderProps {
  userId: string;
  client?: Client;
  queries?: QueryClient;
  readOnly?: boolean;
  onOpenContent?: (content: OpenedContent) => void;
  children: ReactNode;
}

export function PersonalizationProvider(props: ProviderProps) {
  const { userId, readOnly = false, onOpenContent, children } = props;
  const client = useMemo(() => props.client ?? createClient(), [props.client]);
  const queries = useMemo(
    () => props.queries ?? createQueryClient(),
    [props.queries],
  );
  const value = useMemo(
    () => ({ client, userId, readOnly, onOpenContent }),
    [client, userId, readOnly, onOpenContent],
  );
  return (
    <QueryClientProvider client={queries}>
      <Context value={value}>{children}</Context>
    </QueryClientProvider>
  );
}

/** Null outside of a provider. */
export function useMaybePersonalization(): Personalization | null {
  return useContext(Context);
}

export function useWho(): Personalization {
  const who = useContext(Context);
  if (!who) throw new Error('a PersonalizationProvider is missing around this');
  return who;
}
