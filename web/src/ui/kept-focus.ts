import { useEffect, useRef, type FocusEvent } from 'react';

/** Where what has the focus is taken away (a line that is dismissed), it goes to
 * a place beside it, not to the top of the page. */
export function useKeptFocus<T extends HTMLElement>() {
  const fallback = useRef<T>(null);
  const inside = useRef(false);
  // After every change of the page: the browser tells nobody of such a loss.
  useEffect(() => {
    const { activeElement, body } = document;
    if (!inside.current || (activeElement && activeElement !== body)) return;
    inside.current = false;
    fallback.current?.focus({ preventScroll: true });
  });
  return {
    fallback,
    within: {
      onFocus: () => {
        inside.current = true;
      },
      onBlur: (event: FocusEvent<HTMLElement>) => {
        // Of an element that is still there: the reader went elsewhere.
        if (event.target.isConnected) inside.current = false;
      },
    },
  };
}
