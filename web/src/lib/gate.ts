/** Lets through so many at a time; the others wait in line. */
export function createGate(most: number) {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return async function pass<T>(work: () => Promise<T>): Promise<T> {
    if (inside >= most) await new Promise<void>((go) => waiting.push(go));
    inside += 1;
    try {
      return await work();
    } finally {
      inside -= 1;
      waiting.shift()?.();
    }
  };
}
