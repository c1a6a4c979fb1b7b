// One polite live region for what changed without the page being left.
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';

type Say = (text: string) => void;

const Context = createContext<Say>(() => undefined);

export function Announcer({ children }: { children: ReactNode }) {
  const [text, setText] = useState('');
  // The same words twice are two announcements.
  const say = useCallback<Say>(
    (next) => setText((last) => (last === next ? `${next}\u00a0` : next)),
    [],
  );
  return (
    <Context value={say}>
      {children}
      <div aria-live="polite" role="status" className="sr-only" data-announcer>
        {text}
      </div>
    </Context>
  );
}

export function useAnnounce(): Say {
  return useContext(Context);
}
