// The page against a real engine.
import { openBrowser } from './browser.mjs';
import { check, scenario } from './checks.mjs';
import { axe, fits, openPage, settle } from './page.mjs';

const MOST_CLS = 0.02;

/** Sums layout shifts from the first moment on, and notes the largest paint. */
async function watchPaint(page) {
  await page.addInitScript(() => {
    window.seen = { cls: 0, lcp: 0, moved: [] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (!entry.hadRecentInput) {
          window.seen.cls += entry.value;
          for (const { node } of entry.sources)
            window.seen.moved.push(`${entry.value.toFixed(4)} ${node?.outerHTML?.slice(0, 90)}`);
        }
    }).observe({ type: 'layout-shift', buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.seen.lcp = entry.startTime;
    }).observe({ type: 'largest-contentful-paint', buffered: true });
  });
}

async function ask(page, path) {
  return page.evaluate(async (p) => (await fetch(p)).json(), path);
}

/** The page's first questions went out before its code was there, and the
 * answers were those that it then asked for. */
function checkEarly(asked) {
  const first = asked.filter((path) => path.startsWith('/api/')).slice(0, 4);
  check('four questions are asked early', first.length === 4 &&
    first.every((path) => /^\/api\/(caller|catalogue|users\/5\/(profile|recommendations\?limit=5))$/.test(path)),
    first.join(' '));
  const twice = first.filter((path) => asked.filter((other) => other === path).length > 1);
  check('and no more than once', twice.length === 0, twice.join(' '));
}

const card = (page, id) => page.locator(`section#${id}`);

export async function testLearner({ url, link, screenshots }) {
  const browser = await openBrowser();
  const page = await openPage(browser.context);
  await watchPaint(page);

  await scenario('the link signs in', async () => {
    await page.goto(link);
    await page.getByRole('link', { name: /Learner 1\b/ }).waitFor();
    check('the link signs in', new URL(page.url()).search === '');
    await settle(page);
    await axe(page, 'learners');
    await page.screenshot({ path: `${screenshots}/learners.png` });
  });

  await scenario('one click opens a learner', async () => {
    await page.getByRole('link', { name: /Learner 5\b/ }).click();
    await settle(page);
    check('a deep link', page.url() === `${url}/learners/5`, page.url());
    const asked = [];
    const note = (request) => asked.push(request.url().slice(url.length));
    page.on('request', note);
    await page.goto(page.url());
    await settle(page);
    page.off('request', note);
    checkEarly(asked);
    await page.waitForTimeout(600);
    const seen = await page.evaluate(() => window.seen);
    check('CLS at most .02', seen.cls <= MOST_CLS, `${seen.cls} ${seen.moved.join(' | ')}`);
    console.log(`CLS ${seen.cls.toFixed(4)}, LCP ${Math.round(seen.lcp)} ms`);
    await page.getByRole('button', { name: /^Change this/ }).first().click();
    await axe(page, 'learner, light');
    await page.screenshot({ path: `${screenshots}/learner-light.png`, fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForTimeout(300);
    await axe(page, 'learner, dark');
    await page.screenshot({ path: `${screenshots}/learner-dark.png`, fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 320, height: 640 });
    await fits(page, 'learner at 320 px');
    await page.screenshot({ path: `${screenshots}/learner-320.png`, fullPage: true });
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  await scenario('an answer changes the state', async () => {
    const before = await ask(page, '/api/users/5/profile');
    await card(page, 'next').getByRole('button', { name: /^(Start|Go on)$/ }).click();
    const panel = page.getByRole('dialog');
    await panel.getByRole('button', { name: 'Answered right' }).click();
    await panel.getByText('1 of 1 right').waitFor();
    await axe(page, 'activity panel');
    await panel.getByRole('button', { name: 'Mark as done' }).click();
    await panel.waitFor({ state: 'detached' });
    const after = await ask(page, '/api/users/5/profile');
    check('an answer changes the state', after.version > before.version,
      `${before.version} -> ${after.version}`);
    const told = await ask(page, '/api/users/5/events?limit=5');
    const types = told.events.map((x) => x.event.type);
    check('begun, answered and done are recorded',
      ['content_started', 'answer', 'content_completed'].every((t) => types.includes(t)),
      types);
  });

  await scenario('a dismissal', async () => {
    await settle(page);
    const list = card(page, 'recommendations');
    const title = await list.locator('h3').first().textContent();
    await list.getByRole('button', { name: `Change this: ${title}` }).click();
    await axe(page, 'easier, harder, not now, hide');
    await list.getByRole('button', { name: /^Not now/ }).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      (t) => ![...document.querySelectorAll('#recommendations h3')]
        .some((x) => x.textContent === t), title);
    check('the focus stays beside what is gone', await page.evaluate(
      () => !!document.activeElement?.closest('#recommendations')));
    await page.getByText(/^Put away for seven days/).last().waitFor();
    await page.reload();
    await settle(page);
    const left = await list.locator('h3').allTextContents();
    check('what is dismissed is gone', !left.includes(title), left);
  });

  await scenario('hidden for good', async () => {
    const list = card(page, 'recommendations');
    const title = await list.locator('h3').first().textContent();
    await list.getByRole('button', { name: `Change this: ${title}` }).click();
    await list.getByRole('button', { name: /^Hide for good/ }).click();
    await page.waitForFunction(
      (t) => ![...document.querySelectorAll('#recommendations h3')]
        .some((x) => x.textContent === t), title);
    await page.reload();
    await settle(page);
    const { recommendations } = await ask(page, '/api/users/5/recommendations?limit=20');
    check('what is hidden is not offered', recommendations.length > 0 &&
      recommendations.every((x) => x.title !== title), title);
  });

  await scenario('why', async () => {
    const list = card(page, 'recommendations');
    await list.getByRole('button', { name: /^Why: / }).first().click();
    await list.getByText(/Place \d of \d/).waitFor();
    const rows = await list.locator('tbody tr td').allTextContents();
    const numbers = rows.map((x) => Number(x.replace('−', '-').replace('+', '')));
    const score = numbers.pop();
    const sum = numbers.reduce((a, b) => a + b, 0);
    check('contributions add up to the score', Math.abs(sum - score) <= 0.06,
      `${sum} and ${score}`);
  });

  await scenario('a refused change is taken back', async () => {
    await page.route('**/feedback', (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json',
        body: JSON.stringify({ type: 'about:blank', title: 'Busy', status: 503, detail: 'busy' }) }));
    const list = card(page, 'recommendations');
    const title = await list.locator('h3').first().textContent();
    await list.getByRole('button', { name: `Change this: ${title}` }).click();
    await list.getByRole('button', { name: /^Not now/ }).click();
    await page.locator('[data-announcer]').getByText(/not saved/).waitFor({ state: 'attached' });
    check('a refusal is in sight', await page.getByText(/not saved: busy/).last().isVisible());
    await settle(page);
    const left = await list.locator('h3').allTextContents();
    check('a refused change is taken back', left.includes(title), left);
    await page.unroute('**/feedback');
    page.said.splice(0, page.said.length, ...page.said.filter((x) => !/status of 503/.test(x)));
  });

  await scenario('the stream brings changes', async () => {
    await page.locator('[data-live=live]').waitFor({ timeout: 10_000 });
    // The stream, not the page, has to notice.
    await page.evaluate(async () => {
      for (let i = 0; i < 12; i += 1)
        await fetch('/api/users/5/events', { method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ event_id: `e2e-${i}`, at: new Date().toISOString(),
            type: 'answer', concepts: ['brm.bankroll'], correct: true }) });
    });
    const line = card(page, 'skills').getByRole('button', { name: /Bankroll/ });
    await page.waitForFunction(() => {
      const found = [...document.querySelectorAll('#skills button[aria-expanded]')]
        .find((x) => /Bankroll/.test(x.textContent));
      return found && !/Not enough data/.test(found.textContent);
    }, undefined, { timeout: 8_000 });
    check('the stream brings changes', await line.isVisible());
  });

  await scenario('down to the answers', async () => {
    await card(page, 'skills').getByRole('button', { name: /Bankroll/ }).click();
    await card(page, 'skills').getByRole('link', { name: /Bankroll rules/ }).click();
    await page.getByRole('heading', { name: 'Answers behind it' }).waitFor();
    await settle(page);
    const rows = await page.locator('tbody tr').count();
    check('down to the answers', rows >= 12 && /concepts\/brm\.bankroll/.test(page.url()), rows);
    await axe(page, 'concept');
    await page.screenshot({ path: `${screenshots}/concept.png`, fullPage: true });
    await page.getByRole('button', { name: 'I know this' }).click();
    await page.getByText('A short check is planned first').first().waitFor();
    const path = await ask(page, '/api/users/5/learning-path?steps=1');
    check('"I know this" reaches the path',
      path.controls.some((x) => x.kind === 'known' && x.concept === 'brm.bankroll'),
      path.controls);
    await page.goBack();
    await settle(page);
  });

  await scenario('settings', async () => {
    const settings = card(page, 'settings');
    await settings.getByLabel('Mon').fill('25');
    await settings.getByRole('button', { name: 'Save' }).click();
    await page.locator('[data-announcer]').getByText('Saved').waitFor({ state: 'attached' });
    const profile = await ask(page, '/api/users/5/profile');
    check('minutes are stated', profile.stated.minutes_per_weekday?.[0] === 25,
      profile.stated.minutes_per_weekday);
    const download = page.waitForEvent('download');
    await settings.getByRole('button', { name: 'Download everything' }).click();
    check('the export is a file', (await download).suggestedFilename() === 'learner-5.json');
    await settings.getByRole('switch', { name: 'Pause profiling' }).click();
    await settings.getByText('Paused', { exact: true }).waitFor();
    await page.waitForTimeout(300);
    check('profiling is paused', (await ask(page, '/api/users/5/profiling')).paused);
    await settings.getByRole('switch', { name: 'Pause profiling' }).click();
    await page.waitForTimeout(300);
  });

  await scenario('deletion asks twice', async () => {
    await page.goto(`${url}/learners/12`);
    await settle(page);
    await page.getByRole('button', { name: 'Delete ..' }).click();
    const dialog = page.getByRole('dialog');
    const button = dialog.getByRole('button', { name: 'Delete for good' });
    check('nothing is deleted unconfirmed', await button.isDisabled());
    await axe(page, 'deletion');
    await dialog.getByRole('textbox').fill('12');
    await button.click();
    await page.getByText('Nothing is known about you yet.').waitFor();
    const status = await page.evaluate(async () => (await fetch('/api/users/12/profile')).status);
    check('the learner is gone', status === 404, status);
    page.said.splice(0, page.said.length, ...page.said.filter((x) => !/status of 404/.test(x)));
  });

  check('no errors on the console of the page', !page.said.length, page.said);
  await browser.close();
}

export async function testPackage({ school, learner, screenshots }) {
  await scenario('an app that embeds the package', async () => {
    const browser = await openBrowser();
    const page = await openPage(browser.context);
    await page.goto(`${school}/learners/2?user=2&token=${learner}`);
    await settle(page);
    await page.getByText(/[1-9]\d* suggestions; opened: nothing yet/).waitFor();
    await page.getByRole('button', { name: /^(Start|Go on)$/ }).click();
    await page.getByText(/opened: (?!nothing yet)/).waitFor();
    check('an app that embeds the package', true);
    const area = card(page, 'skills').getByRole('button', { name: /Fundamentals/ });
    await area.click();
    await card(page, 'skills').getByRole('link').first().click();
    await page.getByRole('dialog').getByText('Answers behind it').first().waitFor();
    await axe(page, 'embedded, a skill in a dialog');
    await page.screenshot({ path: `${screenshots}/embedded.png` });
    check('no errors on the console of the app', !page.said.length, page.said);
    await browser.close();
  });
}

export async function testRights({ url, learner, coach, screenshots }) {
  await scenario('learner A cannot open learner B', async () => {
    const browser = await openBrowser(learner);
    const page = await openPage(browser.context, [404]);
    await page.goto(url);
    await page.waitForURL('**/learners/2');
    await settle(page);
    check('a learner begins at their own page',
      (await page.locator('h1').textContent()) === 'Your learning');
    check('a learner is offered no others', (await page.getByLabel('Learner').count()) === 0);
    await page.goto(`${url}/learners/3`);
    await settle(page);
    const figures = await page.getByRole('img', { name: /likely/ }).count();
    check('learner A cannot open learner B', figures === 0, figures);
    await browser.close();
  });
  await scenario('a coach only looks', async () => {
    const browser = await openBrowser(coach);
    const page = await openPage(browser.context, [403, 404]);
    await page.goto(`${url}/learners/2`);
    await settle(page);
    check('a coach sees their learner',
      (await page.getByRole('img', { name: /likely/ }).count()) > 0);
    check('a coach changes nothing',
      (await page.getByRole('button', { name: /^(Start.*|Go on|Change this.*|Take up.*)$/ }).count()) === 0);
    await axe(page, 'coach');
    await page.screenshot({ path: `${screenshots}/coach-learner.png`, fullPage: true });
    await browser.close();
  });
  await scenario('nobody', async () => {
    const browser = await openBrowser();
    const page = await openPage(browser.context, [401]);
    await page.goto(`${url}/learners/2`);
    await page.getByText('Open the link that the server printed').waitFor();
    await axe(page, 'not signed in');
    check('who is not signed in is told how', true);
    await browser.close();
  });
}
