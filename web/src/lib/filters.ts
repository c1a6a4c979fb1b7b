// Filters in the page's query, so that a view can be linked to.
import { useCallback, useSyncExternalStore } from 'react';

const EVENT = 'piq-query';

function subscribe(listener: () => void) {
  window.addEventListener('popstate', listener);
  window.addEventListener(EVENT, listener);
  return () => {
    window.removeEventListener('popstate', listener);
    window.removeEventListener(EVENT, listener);
  };
}

/** One parameter, among the values it may have; the first is the default and
 * is left out of the address. */
export function useQueryParameter<T extends string>(
  name: string,
  values: readonly [T, ...T[]],
): [T, (next: T) => void] {
  const text = useSyncExternalStore(
    subscribe,
    () => new URLSearchParams(location.search).get(name),
    () => null,
  );
  const value = values.find((one) => one === text) ?? values[0];
  const set = useCallback(
    (next: T) => {
      const query = new URLSearchParams(location.search);
      if (next === values[0]) query.delete(name);
      else query.set(name, next);
      const text = query.toString();
      history.replaceState(null, '', text ? `?${text}` : location.pathname);
      window.dispatchEvent(new Event(EVENT));
    },
    [name, values],
  );
  return [value, set];
}
