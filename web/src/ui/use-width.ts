import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

const UNTIL_MEASURED = 480;

/** The width of an element, followed while it changes; and whether it is known
 * yet. */
export function useWidth<T extends HTMLElement>(): [RefObject<T | null>, number, boolean] {
  const box = useRef<T>(null);
  const [width, setWidth] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const { width: now } = element.getBoundingClientRect();
      if (now > 0) setWidth(Math.round(now));
    };
    look();
    if (typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width ?? UNTIL_MEASURED, width !== null];
}
