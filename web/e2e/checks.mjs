// Counts what holds, and says one line about each.

let failures = 0;

export function check(what, holds, detail = '') {
  if (!holds) failures += 1;
  const why = holds || !detail ? '' : ` -- ${String(detail).replace(/\s+/g, ' ')}`;
  console.log(`${holds ? 'ok' : 'not ok'} ${what}${why.slice(0, 900)}`);
  return holds;
}

/** One scenario: what it throws is a failure of its own. */
export async function scenario(what, run) {
  try {
    await run();
  } catch (error) {
    check(what, false, error.message);
  }
}

export function end() {
  console.log('end');
  return failures ? 1 : 0;
}
