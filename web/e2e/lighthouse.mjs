// Lighthouse's own figures of a learner's page, as a desktop and as a phone.
// It is installed apart (../lighthouse): only this test needs it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromiumFlags, chromiumPath } from './browser.mjs';
import { check, scenario } from './checks.mjs';

const MOST_CLS = 0.02;
const ONLY = ['performance', 'accessibility'];

/** Lighthouse's two ready-made profiles; that of a phone: 1.6 Mbit/s, 150 ms a
 * round trip, a processor four times as slow, all of it worked out ("simulate")
 * from a load without them. */
async function measure({ folder, url, token, port }) {
  const at = (path) => import(pathToFileURL(join(folder, 'node_modules', path)));
  const { default: lighthouse, desktopConfig } = await at('lighthouse/core/index.js');
  const flags = {
    port,
    logLevel: 'error',
    onlyCategories: ONLY,
    disableFullPageScreenshot: true,
    // The stream never ends: without it the page asks now and then, and rests
    // in between, which is what Lighthouse waits for.
    blockedUrlPatterns: ['*/stream'],
    maxWaitForLoad: 20_000,
    extraHeaders: { Authorization: `Bearer ${token}` },
  };
  for (const [name, config] of [['desktop', desktopConfig], ['mobile', undefined]]) {
    const { lhr } = await lighthouse(url, flags, config);
    if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
    const figure = (id) => lhr.audits[id].numericValue;
    const score = (id) => Math.round(lhr.categories[id].score * 100);
    const cls = figure('cumulative-layout-shift');
    console.log(
      `Lighthouse ${lhr.lighthouseVersion}, ${name}: ` +
        `LCP ${Math.round(figure('largest-contentful-paint'))} ms, ` +
        `CLS ${cls.toFixed(4)}, TBT ${Math.round(figure('total-blocking-time'))} ms, ` +
        `performance ${score('performance')}, accessibility ${score('accessibility')}`,
    );
    check(`Lighthouse, ${name}: CLS at most .02`, cls <= MOST_CLS, cls);
    check(`Lighthouse, ${name}: accessibility 100`, score('accessibility') === 100,
      lhr.categories.accessibility.auditRefs
        .filter(({ id, weight }) => weight && lhr.audits[id].score === 0)
        .map(({ id }) => id));
  }
}

export async function testLighthouse({ url, learner, lighthouse }) {
  if (!lighthouse) return;
  await scenario('Lighthouse', async () => {
    const launcher = await import(
      pathToFileURL(join(lighthouse, 'node_modules/chrome-launcher/dist/index.js'))
    );
    const chrome = await launcher.launch({
      chromePath: chromiumPath(),
      chromeFlags: ['--headless', ...chromiumFlags()],
      logLevel: 'error',
    });
    try {
      await measure({
        folder: lighthouse,
        url: `${url}/learners/2`,
        token: learner,
        port: chrome.port,
      });
    } finally {
      chrome.kill();
    }
  });
}
