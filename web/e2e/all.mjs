// Run by tests/e2e/dashboard.py, which starts the servers.
import { closeBrowser } from './browser.mjs';
import { end } from './checks.mjs';
import { testFixtures } from './fixtures.mjs';
import { testLarge } from './large.mjs';
import { testLearner, testPackage, testRights } from './learner.mjs';
import { testLighthouse } from './lighthouse.mjs';
import { testPlan } from './plan.mjs';

const given = JSON.parse(process.env.PIQ_E2E ?? '{}');
// Two at a time; what changes the same learners stays in order.
await Promise.all([
  testFixtures(given).then(() => testRights(given)),
  testLearner(given)
    .then(() => testPackage(given))
    .then(() => testPlan(given)),
]);
// Those that tell times have the machine to themselves.
await testLarge(given);
await closeBrowser();
await testLighthouse(given);
process.exit(end());
