// For every test file.
import { afterEach } from 'vitest';

afterEach(() => {
  if (typeof document !== 'undefined') document.body.replaceChildren();
});
