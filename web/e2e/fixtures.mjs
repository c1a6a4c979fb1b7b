// Every card in every scene, light and dark: axe, reflow, a picture.
import { openBrowser } from './browser.mjs';
import { check, scenario } from './checks.mjs';
import { axe, fits, openPage, settle } from './page.mjs';

const SCENES = ['ready', 'loading', 'cold', 'error', 'stale', 'denied'];
const STALE_MS = 900; // the scene asks again after 400 ms

export async function testFixtures({ fixtures, screenshots }) {
  const browser = await openBrowser();
  const page = await openPage(browser.context);
  for (const scene of SCENES)
    for (const colorScheme of ['light', 'dark'])
      await scenario(`${scene}, ${colorScheme}`, async () => {
        await page.setViewportSize({ width: 1100, height: 900 });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(`${fixtures}/fixtures?scene=${scene}`);
        if (scene === 'loading')
          await page.waitForSelector('[data-card=settings] .animate-pulse');
        else await settle(page);
        if (scene === 'stale') {
          await page.waitForTimeout(STALE_MS);
          await settle(page);
          const notes = await page.getByText('Not up to date').count();
          check(`stale is said, ${colorScheme}`, notes > 2, notes);
        }
        await axe(page, `${scene}, ${colorScheme}`);
        await page.screenshot({
          path: `${screenshots}/cards-${scene}-${colorScheme}.jpeg`,
          quality: 70,
          fullPage: true,
        });
        await page.setViewportSize({ width: 320, height: 640 });
        await fits(page, `${scene} at 320 px, ${colorScheme}`);
      });
  check('no errors on the console of the fixtures', !page.said.length, page.said);
  await browser.close();
}
