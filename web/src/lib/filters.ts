// Filters of the page. On the page they live in its address, so that a view can
// be linked to; where the dashboard is embedded, the address is the platform's
// own and is left alone.
import { createContext, useCallback, useContext, useState, useSyncExternalStore } from 'react';

export interface Filters {
  get: (name: string) => string | null;
  /** Null takes it away. */
  set: (name: string, value: string | null) => void;
  subscribe: (listener: () => void) => () => void;
}

const EVENT = 'piq-query';

/** Those in the page's query. */
export const addressFilters: Filters = {
  get: (name) => new URLSearchParams(location.search).get(name),
  set(name, value) {
    const query = new URLSearchParams(location.search);
    if (value === null) query.delete(name);
    else query.set(name, value);
    const text = query.toString();
    history.replaceState(
      null,
      '',
      (text ? `?${text}` : location.pathname) + location.hash,
    );
    window.dispatchEvent(new Event(EVENT));
  },
  subscribe(listener) {
    window.addEventListener('popstate', listener);
    window.addEventListener(EVENT, listener);
    return () => {
      window.removeEventListener('popstate', listener);
      window.removeEventListener(EVENT, listener);
    };
  },
};

/** Those that are forgotten with whoever made them. */
export function createFilters(): Filters {
  const kept = new Map<string, string>();
  const listeners = new Set<() => void>();
  return {
    get: (name) => kept.get(name) ?? null,
    set(name, value) {
      if (value === null) kept.delete(name);
      else kept.set(name, value);
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Null: each that asks has its own. */
export const FiltersContext = createContext<Filters | null>(null);

/** One filter, whatever it may be; null is its default. */
export function useFilter(
  name: string,
): [string | null, (next: string | null) => void] {
  const [own] = useState(createFilters);
  const filters = useContext(FiltersContext) ?? own;
  const value = useSyncExternalStore(
    filters.subscribe,
    () => filters.get(name),
    () => null,
  );
  const set = useCallback(
    (next: string | null) => filters.set(name, next),
    [filters, name],
  );
  return [value, set];
}

/** One filter among the values it may have; the first is the default and is
 * left out of the address. */
export function useChoice<T extends string>(
  name: string,
  values: readonly [T, ...T[]],
): [T, (next: T) => void] {
  const [text, setText] = useFilter(name);
  const value = values.find((one) => one === text) ?? values[0];
  const set = useCallback(
    (next: T) => setText(next === values[0] ? null : next),
    [setText, values],
  );
  return [value, set];
}
