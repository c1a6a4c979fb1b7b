// Run by tests/e2e/dashboard.py, which starts the servers.
import { end } from './checks.mjs';
import { testFixtures } from './fixtures.mjs';
import { testLearner, testPackage, testRights } from './learner.mjs';
import { testPlan } from './plan.mjs';

const given = JSON.parse(process.env.PIQ_E2E ?? '{}');
await testFixtures(given);
await testLearner(given);
await testRights(given);
await testPackage(given);
await testPlan(given);
process.exit(end());
