// Light or dark: as the system has it, until one is chosen.
import { useCallback, useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';
export type ThemeChoice = Theme | 'system';

const KEY = 'piq-theme';
const listeners = new Set<() => void>();

function system(): Theme {
  return globalThis.matchMedia?.('(prefers-color-scheme: dark)').matches
    ? 'dark'
    : 'light';
}

function stored(): ThemeChoice {
  try {
    const value = globalThis.localStorage?.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system'; // storage is forbidden here
  }
}

function subscribe(listener: () => void) {
  const media = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
  listeners.add(listener);
  media?.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    media?.removeEventListener('change', listener);
  };
}

export function useTheme() {
  const choice = useSyncExternalStore(subscribe, stored, () => 'system' as const);
  const theme = useSyncExternalStore(
    subscribe,
    () => (stored() === 'system' ? system() : (stored() as Theme)),
    () => 'light' as const,
  );
  const choose = useCallback((next: ThemeChoice) => {
    try {
      if (next === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // It holds for this page then.
    }
    for (const listener of listeners) listener();
  }, []);
  return { theme, choice, choose };
}
