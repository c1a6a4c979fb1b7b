// Which skill of the map is looked at: kept outside of React, so that a press
// draws two boxes anew and not all of them.
import { createContext, useContext, useSyncExternalStore, type KeyboardEvent } from 'react';

export interface Choice {
  selected: string | null;
  /** The one that Tab reaches. */
  current: string | null;
}

export interface ChoiceStore {
  get: () => Choice;
  set: (change: Partial<Choice>) => void;
  subscribe: (listener: () => void) => () => void;
  onKey: (event: KeyboardEvent, id: string) => void;
}

export function createChoice(first: Choice): Omit<ChoiceStore, 'onKey'> {
  let now = first;
  const listeners = new Set<() => void>();
  return {
    get: () => now,
    set(change) {
      now = { ...now, ...change };
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const ChoiceContext = createContext<ChoiceStore | null>(null);

const nothing = () => () => undefined;

/** Whether this skill is the one, and what a press on it does. */
export function useChosen(id: string) {
  const store = useContext(ChoiceContext);
  const is = (which: keyof Choice) => () => store?.get()[which] === id;
  const subscribe = store?.subscribe ?? nothing;
  return {
    store,
    isSelected: useSyncExternalStore(subscribe, is('selected')),
    isCurrent: useSyncExternalStore(subscribe, is('current')),
  };
}
