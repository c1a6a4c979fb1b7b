// What every test asks of a page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { check } from './checks.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** A page that fails the test when its console does: a policy that is broken
 * shows there. `expected`: statuses that the scene brings. */
export async function openPage(context, expected = []) {
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const status = /status of (\d+)/.exec(message.text())?.[1];
    if (!expected.includes(Number(status))) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(error.message));
  return Object.assign(page, { said });
}

/** Nothing is loading any more. */
export async function settle(page) {
  await page.waitForFunction(
    () =>
      document.querySelector('main h1') &&
      !document.querySelector('main [aria-busy=true]') &&
      !document.querySelector('main .animate-pulse'),
    undefined,
    { timeout: 15_000 },
  );
}

export async function axe(page, what) {
  // Through the debugger, past the page's policy.
  const client = await page.context().newCDPSession(page);
  await client.send('Runtime.evaluate', { expression: `${AXE};0` });
  const { result } = await client.send('Runtime.evaluate', {
    expression: `axe.run(document, {runOnly: ${JSON.stringify(RULES)}}).then((r) =>
      JSON.stringify(r.violations.map((v) => [v.id, v.nodes.length,
        v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? ''))])))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await client.detach();
  check(`axe: ${what}`, result.value === '[]', result.value);
}

/** Nothing is wider than the window. */
export async function fits(page, what) {
  const wide = await page.evaluate(() => {
    const most = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= most) return '';
    return [...document.querySelectorAll('main *')]
      .filter((x) => x.getBoundingClientRect().right > most + 1)
      .slice(0, 3)
      .map((x) => x.outerHTML.slice(0, 120))
      .join(' | ');
  });
  check(`reflow: ${what}`, wide === '', wide);
}
