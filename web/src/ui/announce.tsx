// What happened without the page being left: read out, and shown for a while.
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';
import { en } from '@/strings/en';
import { cx } from './cx';

const SHOWN_MS = 7000;

export interface Says {
  (text: string): void;
  /** Something went wrong: it stays until it is closed. */
  wrong: (text: string) => void;
}

interface Said {
  text: string;
  wrong: boolean;
  n: number;
}

const silent: Says = Object.assign(() => undefined, { wrong: () => undefined });
const Context = createContext<Says>(silent);

function Notice({ said, onClose }: { said: Said; onClose: () => void }) {
  return (
    <section
      aria-label={en.common.notice}
      className={cx(
        'fixed inset-x-3 bottom-3 z-20 mx-auto flex w-fit max-w-[min(36rem,calc(100%-1.5rem))] items-center gap-3 rounded-control border py-2 ps-4 pe-2 shadow-lg',
        said.wrong ? 'border-bad bg-bad-wash text-bad' : 'border-edge bg-surface text-ink',
      )}
    >
      <span className="min-w-0 break-words">{said.text}</span>
      <button
        type="button"
        aria-label={en.common.closeNotice}
        onClick={onClose}
        className="grid size-7 shrink-0 place-items-center rounded-control hover:bg-raised"
      >
        <span aria-hidden="true">✕</span>
      </button>
    </section>
  );
}

/** One polite live region, and the same words in sight. */
export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<Said | null>(null);
  const [shown, setShown] = useState(false);
  const tell = useCallback((text: string, wrong: boolean) => {
    setSaid((last) => ({ text, wrong, n: (last?.n ?? 0) + 1 }));
    setShown(true);
  }, []);
  const [say] = useState<Says>(() =>
    Object.assign((text: string) => tell(text, false), {
      wrong: (text: string) => tell(text, true),
    }),
  );
  useEffect(() => {
    if (!said || said.wrong) return;
    const timer = setTimeout(() => setShown(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <Context value={say}>
      {children}
      <div aria-live="polite" role="status" className="sr-only" data-announcer>
        {/* The same words twice are two announcements. */}
        {said && <span key={said.n}>{said.text}</span>}
      </div>
      {said && shown && <Notice said={said} onClose={() => setShown(false)} />}
    </Context>
  );
}

export function useAnnounce(): Says {
  return useContext(Context);
}
