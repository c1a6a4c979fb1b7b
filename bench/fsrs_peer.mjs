// Fits fsrs-rs, through its npm binding, to one cleaned review log and prints
// what `piq eval memory --json` prints of ours: same items, folds and measures
// (src/train/eval_memory.h). usage: node fsrs_peer.mjs BINDING REVIEWS FOLDS SEEDS
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [where, file, foldsText, seedsText] = process.argv.slice(2);
const { computeParameters, FSRSBindingItem, FSRSBindingReview } =
  createRequire(where + '/')('@open-spaced-repetition/binding');
const folds = Number(foldsText);
const seeds = Number(seedsText);

// One row a review: card_id,i,review_time,day,delta_t,rating.
const cards = [];
for (const line of readFileSync(file, 'utf8').trim().split('\n').slice(1)) {
  const [card, i, at, , days, rating] = line.split(',').map(Number);
  if (i === 0) cards.push([]);
  cards.at(-1).push({ card, i, at, days, rating });
}

const items = [];
cards.forEach((card, c) =>
  card.forEach((r, i) => {
    if (i > 0 && r.days > 0) items.push({ c, i, at: r.at });
  }),
);
items.sort((a, b) => a.at - b.at || a.c - b.c || a.i - b.i);

// Prefixes share their reviews.
const asReview = cards.map((card) =>
  card.map((r) => new FSRSBindingReview(r.rating, r.days)),
);
const asItem = (x) => new FSRSBindingItem(asReview[x.c].slice(0, x.i + 1));

const options = (seed) => ({
  enableShortTerm: true,
  numRelearningSteps: 1,
  trainingConfig: {
    numEpochs: 5,
    batchSize: 512,
    seed,
    maxSeqLen: 256,
    learningRate: 0.04,
    gamma: 1,
  },
});

const within = (x, low, high) => Math.min(Math.max(x, low), high);

// The state after each review of a card, and recall before it.
function replay(w, card) {
  const curve = Math.pow(0.9, -1 / w[20]) - 1;
  const first = (g) => w[4] - Math.exp(w[5] * (g - 1)) + 1;
  const recalls = [];
  let s = 0;
  let d = 0;
  card.forEach(({ days: t, rating: g }, i) => {
    if (i === 0) {
      s = within(w[g - 1], 0.001, 36500);
      d = within(first(g), 1, 10);
      recalls.push(NaN);
      return;
    }
    const r = Math.pow(1 + (curve * t) / s, -w[20]);
    recalls.push(r);
    let next;
    if (t === 0) {
      const k = Math.exp(w[17] * (g - 3 + w[18])) * Math.pow(s, -w[19]);
      next = s * (g >= 2 ? Math.max(k, 1) : k);
    } else if (g === 1) {
      const lapse = w[11] * Math.pow(d, -w[12]) *
        (Math.pow(s + 1, w[13]) - 1) * Math.exp(w[14] * (1 - r));
      next = Math.min(lapse, s / Math.exp(w[17] * w[18]));
    } else {
      const h = g === 2 ? w[15] : g === 4 ? w[16] : 1;
      next = s * (1 + Math.exp(w[8]) * (11 - d) * Math.pow(s, -w[9]) *
        Math.expm1(w[10] * (1 - r)) * h);
    }
    const moved = d - (w[6] * (g - 3) * (10 - d)) / 9;
    d = within(w[7] * first(4) + (1 - w[7]) * moved, 1, 10);
    s = within(next, 0.001, 36500);
  });
  return recalls;
}

const step = (scale, base, x) =>
  Math.round(scale * Math.pow(base, Math.floor(Math.log(x) / Math.log(base))));

const bins = new Map();
for (const [c, card] of cards.entries()) {
  let n = 0;
  let lapses = 0;
  card.forEach((r, i) => {
    if (i === 0 || r.days === 0) return;
    n += 1;
    bins.set(`${c}.${i}`, [
      Math.round(248 * Math.pow(3.62,
        Math.floor(Math.log(r.days) / Math.log(3.62)))),
      step(1.99, 1.89, n + 1),
      lapses ? step(1.65, 1.73, lapses) : 0].join());
    if (r.rating === 1) lapses += 1;
  });
}

function logLoss(rows) {
  let sum = 0;
  for (const { p, y } of rows) {
    const q = within(p, 1e-7, 1 - 1e-7);
    sum -= Math.log(y ? q : 1 - q);
  }
  return sum / rows.length;
}

function rmseBins(rows) {
  const gap = new Map();
  for (const { p, y, bin } of rows) {
    const g = gap.get(bin) ?? { n: 0, sum: 0 };
    g.n += 1;
    g.sum += p - y;
    gap.set(bin, g);
  }
  let sum = 0;
  for (const { n, sum: s } of gap.values()) sum += (s * s) / n;
  return Math.sqrt(sum / rows.length);
}

function auc(rows) {
  const sorted = [...rows].sort((a, b) => a.p - b.p);
  let ranks = 0;
  let passed = 0;
  for (let i = 0, end; i < sorted.length; i = end) {
    for (end = i; end < sorted.length && sorted[end].p === sorted[i].p;) end++;
    const mid = (i + 1 + end) / 2;
    for (let k = i; k < end; k++) {
      ranks += sorted[k].y * mid;
      passed += sorted[k].y;
    }
  }
  const failed = sorted.length - passed;
  return (ranks - (passed * (passed + 1)) / 2) / (passed * failed);
}

async function fiveFold(seed) {
  const part = Math.floor(items.length / (folds + 1));
  const rows = [];
  for (let f = 1; f <= folds; f++) {
    const w = await computeParameters(items.slice(0, f * part).map(asItem),
      options(seed));
    const recalls = cards.map((card) => replay(w, card));
    const end = f < folds ? (f + 1) * part : items.length;
    for (const x of items.slice(f * part, end))
      rows.push({ p: recalls[x.c][x.i], y: cards[x.c][x.i].rating > 1 ? 1 : 0,
        bin: bins.get(`${x.c}.${x.i}`) });
  }
  return { logloss: logLoss(rows), rmse_bins: rmseBins(rows), auc: auc(rows) };
}

async function fitCpuMs(seed) {
  const all = items.map(asItem);
  const before = process.cpuUsage();
  await computeParameters(all, options(seed));
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];
const mean = (xs) => xs.reduce((a, b) => a + b, 0) / xs.length;

const cpu = [];
const perSeed = [];
for (let seed = 1; seed <= seeds; seed++) {
  cpu.push(await fitCpuMs(seed));
  perSeed.push({ seed, ...await fiveFold(seed) });
}
console.log(JSON.stringify({
  items: items.length,
  logloss: mean(perSeed.map((x) => x.logloss)),
  rmse_bins: mean(perSeed.map((x) => x.rmse_bins)),
  auc: mean(perSeed.map((x) => x.auc)),
  train_cpu_ms: median(cpu),
  per_seed: perSeed,
}));
process.exit(0);
