// The only fetch: a typed client of api/openapi.yaml.
import createOpenApiClient, { type Client as OpenApiClient } from 'openapi-fetch';
import type { paths } from './schema';

export interface ClientOptions {
  /** Origin of the engine, without a slash at the end. Left out: this page's. */
  baseUrl?: string;
  /** A bearer token (a learner's JWT or a key), or what fetches one. Left out:
   * the session's cookie speaks. */
  token?: string | (() => string | Promise<string>);
  /** In place of globalThis.fetch. */
  fetch?: (request: Request) => Promise<Response>;
}

export interface Client {
  api: OpenApiClient<paths>;
  /** A request that the contract's types do not cover: the event stream. */
  open: (path: string, init: RequestInit) => Promise<Response>;
}

/** A key under which a change that is sent again is done once. */
export function onceKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export function createClient(options: ClientOptions = {}): Client {
  const origin = options.baseUrl ?? globalThis.location?.origin ?? '';
  // Looked up at each call: whoever replaces fetch later is heard.
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const bearer = async (headers: Headers) => {
    const { token } = options;
    if (token === undefined) return;
    const value = typeof token === 'string' ? token : await token();
    headers.set('Authorization', `Bearer ${value}`);
  };
  const api = createOpenApiClient<paths>({ baseUrl: origin, fetch: send });
  api.use({
    async onRequest({ request }) {
      await bearer(request.headers);
      return request;
    },
  });
  return {
    api,
    async open(path, init) {
      const headers = new Headers(init.headers);
      await bearer(headers);
      return send(new Request(origin + path, { ...init, headers }));
    },
  };
}
