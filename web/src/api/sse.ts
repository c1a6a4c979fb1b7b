// Server-Sent Events as text in, events out (the WHATWG grammar, without its
// network part). EventSource itself cannot send a bearer token.

export interface SentEvent {
  event: string;
  data: string;
  id: string | null;
}

export interface SseParser {
  /** Events that this piece completes, in order. */
  push: (piece: string) => SentEvent[];
  /** What `Last-Event-ID` is to be when asking again. */
  lastId: () => string | null;
  /** Milliseconds to wait before asking again, where the server said. */
  retry: () => number | null;
}

export function createSseParser(): SseParser {
  let rest = '';
  let lastId: string | null = null;
  let retry: number | null = null;
  let event = '';
  let id: string | null = null;
  let data: string[] = [];

  function field(name: string, value: string) {
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id' && !value.includes('\0')) id = lastId = value;
    else if (name === 'retry' && /^\d+$/.test(value)) retry = Number(value);
  }

  function line(text: string, out: SentEvent[]) {
    if (text === '') {
      if (data.length)
        out.push({ event: event || 'message', data: data.join('\n'), id });
      event = '';
      data = [];
      id = null;
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return; // a comment: the line is alive
    if (colon < 0) field(text, '');
    else field(text.slice(0, colon), text.slice(colon + 1).replace(/^ /, ''));
  }

  return {
    push(piece) {
      const out: SentEvent[] = [];
      rest += piece;
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const text of lines) line(text, out);
      return out;
    },
    lastId: () => lastId,
    retry: () => retry,
  };
}
