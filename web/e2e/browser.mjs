// Debian's chromium, driven by playwright-core: started once, and a context that
// knows nothing for each test.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function chromiumPath() {
  return ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
}

/** What it is started with: Debian's refuses its sandbox to root. */
export function chromiumFlags() {
  return process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS;
}

let browser;

/** Somebody new at a browser. `token`: who they say they are. */
export async function openBrowser(token) {
  // Its profile is a new folder, which goes with it.
  browser ??= await chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: chromiumFlags(),
  });
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
    timezoneId: 'UTC',
    locale: 'en-GB',
    ...(token ? { extraHTTPHeaders: { Authorization: `Bearer ${token}` } } : {}),
  });
  return { context, close: () => context.close() };
}

export async function closeBrowser() {
  await browser?.close();
}
