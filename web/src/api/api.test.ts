import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it, vi } from 'vitest';
import { createClient } from './client';
import { answerOf, ApiError, isDenied, retryDelay } from './errors';
import { touchedBy } from './keys';
import { follow } from './live';
import { createSseParser } from './sse';

describe('the stream’s grammar', () => {
  it('is read in whatever pieces it comes', () => {
    const text =
      'retry: 2000\nid: 4711\n\n: alive\nevent: profile\nid: 4712\ndata: {"a":1}\n\nevent: path\ndata: x\ndata: y\n\n';
    for (const size of [1, 7, text.length]) {
      const parser = createSseParser();
      const events = [];
      for (let i = 0; i < text.length; i += size)
        events.push(...parser.push(text.slice(i, i + size)));
      expect(events).toEqual([
        { event: 'profile', data: '{"a":1}', id: '4712' },
        { event: 'path', data: 'x\ny', id: null },
      ]);
      expect(parser.lastId()).toBe('4712');
      expect(parser.retry()).toBe(2000);
    }
  });

  it('knows CR LF, also when cut between the two', () => {
    const parser = createSseParser();
    const events = ['event: path\r', '\ndata: x\r', '\n\r', '\n'].flatMap((piece) =>
      parser.push(piece),
    );
    expect(events).toEqual([{ event: 'path', data: 'x', id: null }]);
  });
});

describe('news', () => {
  it('touch their own part, or all of the learner', () => {
    expect(touchedBy('7', 'path')).toEqual([['learner', '7', 'path']]);
    expect(touchedBy('7', 'reset')).toEqual([['learner', '7']]);
    expect(touchedBy('7', 'profile')).toContainEqual(['learner', '7', 'analytics']);
  });

  it('go from the stream to what is cached', async () => {
    const body = 'event: recommendations\ndata: {}\n\n';
    const client = createClient({
      baseUrl: 'http://here',
      fetch: async () => new Response(body),
    });
    const queries = new QueryClient();
    const told = vi.spyOn(queries, 'invalidateQueries');
    const ending = new AbortController();
    const states: string[] = [];
    const running = follow(
      { client, queries, user: '7', onState: (state) => states.push(state) },
      ending.signal,
    );
    await vi.waitFor(() =>
      expect(told).toHaveBeenCalledWith({
        queryKey: ['learner', '7', 'recommendations'],
      }),
    );
    ending.abort();
    await running;
    expect(states).toContain('live');
  });

  it('are asked for now and then where there is no stream', async () => {
    vi.useFakeTimers();
    const client = createClient({
      baseUrl: 'http://here',
      fetch: async () => new Response('', { status: 503 }),
    });
    const queries = new QueryClient();
    const told = vi.spyOn(queries, 'invalidateQueries');
    const ending = new AbortController();
    const states: string[] = [];
    const running = follow(
      { client, queries, user: '7', onState: (state) => states.push(state) },
      ending.signal,
    );
    await vi.advanceTimersByTimeAsync(20_000);
    expect(states).toContain('polling');
    expect(told).toHaveBeenCalledWith({ queryKey: ['learner', '7'] });
    ending.abort();
    await vi.advanceTimersByTimeAsync(1000);
    await running;
    vi.useRealTimers();
  });
});

describe('the client', () => {
  it('sends the token, fetched anew each time', async () => {
    const seen: (string | null)[] = [];
    let n = 0;
    const client = createClient({
      baseUrl: 'http://here',
      token: () => `t${(n += 1)}`,
      fetch: async (request) => {
        seen.push(request.headers.get('Authorization'));
        return Response.json({ role: 'learner' });
      },
    });
    await client.api.GET('/api/caller');
    await client.open('/api/users/7/stream', {});
    expect(seen).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('tells what was refused in the engine’s own words', async () => {
    const client = createClient({
      baseUrl: 'http://here',
      fetch: async () =>
        Response.json(
          { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'no scope' },
          { status: 403 },
        ),
    });
    const error = await answerOf(client.api.GET('/api/caller')).catch(
      (one: unknown) => one,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(isDenied(error)).toBe(true);
    expect((error as ApiError).message).toBe('no scope');
  });

  it('asks again only where that helps', () => {
    expect(retryDelay(new ApiError(404, null), 0)).toBeNull();
    expect(retryDelay(new ApiError(429, null, 2), 0)).toBe(2000);
    expect(retryDelay(new TypeError('network'), 1)).toBe(800);
    expect(retryDelay(new TypeError('network'), 3)).toBeNull();
  });
});
