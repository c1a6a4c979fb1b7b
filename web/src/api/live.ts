// Keeps what is cached of one learner up to date: by the event stream, and by
// asking now and then where there is none.
import type { QueryClient } from '@tanstack/react-query';
import type { Client } from './client';
import { isNews, keys, touchedBy, type News } from './keys';
import { createSseParser } from './sse';

const POLL_MS = 15_000;
const GATHER_MS = 150; // what is told together is asked for once
const MOST_WAIT_MS = 30_000;

export type LiveState = 'live' | 'polling';

interface Follow {
  client: Client;
  queries: QueryClient;
  user: string;
  onState: (state: LiveState) => void;
}

function gatherer(queries: QueryClient, user: string) {
  const waiting = new Set<News>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (news: News) => {
    waiting.add(news);
    timer ??= setTimeout(() => {
      timer = undefined;
      for (const one of waiting)
        for (const queryKey of touchedBy(user, one))
          void queries.invalidateQueries({ queryKey });
      waiting.clear();
    }, GATHER_MS);
  };
}

async function readStream(
  { client, user, onState }: Follow,
  from: string | null,
  tell: (news: News) => void,
  signal: AbortSignal,
): Promise<{ lastId: string | null; retry: number | null }> {
  const response = await client.open(`/api/users/${user}/stream`, {
    headers: {
      Accept: 'text/event-stream',
      ...(from === null ? {} : { 'Last-Event-ID': from }),
    },
    signal,
  });
  if (!response.ok || !response.body)
    throw new Error(`no stream: ${response.status}`);
  onState('live');
  const parser = createSseParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    for (const sent of parser.push(value))
      if (isNews(sent.event)) tell(sent.event);
  }
  return { lastId: parser.lastId() ?? from, retry: parser.retry() };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Until the signal. While the page is hidden nobody looks, and the browser's
 * few connections are others'. */
export async function follow(what: Follow, signal: AbortSignal): Promise<void> {
  const tell = gatherer(what.queries, what.user);
  let lastId: string | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const ended = await readStream(what, lastId, tell, signal);
      failures = 0;
      lastId = ended.lastId;
      await pause(ended.retry ?? 1000, signal);
    } catch {
      if (signal.aborted) return;
      failures += 1;
      what.onState('polling');
      const wait = Math.min(MOST_WAIT_MS, 1000 * 2 ** failures);
      await pause(Math.min(wait, POLL_MS), signal);
      if (signal.aborted) return;
      void what.queries.invalidateQueries({ queryKey: keys.learner(what.user) });
    }
  }
}

/** follow() while the page is visible; the result ends it. */
export function keepLive(what: Follow): () => void {
  let running: AbortController | undefined;
  let hiddenOnce = false;
  const look = () => {
    const visible = document.visibilityState === 'visible';
    if (visible && !running) {
      running = new AbortController();
      if (hiddenOnce)
        void what.queries.invalidateQueries({
          queryKey: keys.learner(what.user),
        });
      void follow(what, running.signal);
    } else if (!visible) {
      hiddenOnce = true;
      running?.abort();
      running = undefined;
    }
  };
  look();
  document.addEventListener('visibilitychange', look);
  return () => {
    document.removeEventListener('visibilitychange', look);
    running?.abort();
  };
}
