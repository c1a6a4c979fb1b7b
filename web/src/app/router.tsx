// Five routes do not need a library: the path is matched by hand, and filters
// live in the query.
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type AnchorHTMLAttributes,
  type MouseEvent,
  type ReactNode,
} from 'react';

export type Route =
  | { name: 'start' }
  | { name: 'learner'; id: string }
  | { name: 'concept'; id: string; concept: string }
  | { name: 'coach' }
  | { name: 'fixtures' }
  | { name: 'unknown' };

export function matchRoute(path: string): Route {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const [first, id, third, concept] = parts;
  if (parts.length === 0) return { name: 'start' };
  if (parts.length === 1 && first === 'coach') return { name: 'coach' };
  if (parts.length === 1 && first === 'fixtures') return { name: 'fixtures' };
  if (first !== 'learners' || !id || !/^[1-9]\d{0,12}$/.test(id))
    return { name: 'unknown' };
  if (parts.length === 2) return { name: 'learner', id };
  if (parts.length === 4 && third === 'concepts' && concept)
    return { name: 'concept', id, concept };
  return { name: 'unknown' };
}

export const hrefOf = {
  start: () => '/',
  coach: () => '/coach',
  learner: (id: string) => `/learners/${id}`,
  concept: (id: string, concept: string) =>
    `/learners/${id}/concepts/${encodeURIComponent(concept)}`,
};

interface Place {
  route: Route;
  /** `replace`: going back skips the place left. */
  go: (href: string, replace?: boolean) => void;
}

const Context = createContext<Place>({
  route: { name: 'start' },
  go: () => undefined,
});

export function Router({ children }: { children: ReactNode }) {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const look = () => setPath(location.pathname);
    window.addEventListener('popstate', look);
    return () => window.removeEventListener('popstate', look);
  }, []);
  const go = useCallback((href: string, replace = false) => {
    if (replace) history.replaceState(null, '', href);
    else history.pushState(null, '', href);
    setPath(location.pathname);
    window.scrollTo(0, 0);
  }, []);
  const first = useRef(true);
  // Whoever reads or steers by keys begins at the new page, not on what is gone.
  useEffect(() => {
    if (!first.current) document.getElementById('main')?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  const place = useMemo(() => ({ route: matchRoute(path), go }), [path, go]);
  return <Context value={place}>{children}</Context>;
}

export function usePlace(): Place {
  return useContext(Context);
}

function isPlain(event: MouseEvent): boolean {
  return (
    event.button === 0 &&
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
  );
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  href: string;
}

export function Link({ href, onClick, ...rest }: LinkProps) {
  const { go } = usePlace();
  return (
    <a
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlain(event)) return;
        event.preventDefault();
        go(href);
      }}
      {...rest}
    />
  );
}
