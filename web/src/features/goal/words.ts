// Chances in words: the seven steps of the US intelligence community's
// Directive 203 (2015), which readers were found to take about as meant.
export type ChanceWord =
  | 'almostNone'
  | 'veryUnlikely'
  | 'unlikely'
  | 'even'
  | 'likely'
  | 'veryLikely'
  | 'almostCertain';

const upTo: [number, ChanceWord][] = [
  [0.05, 'almostNone'],
  [0.2, 'veryUnlikely'],
  [0.45, 'unlikely'],
  [0.55, 'even'],
  [0.8, 'likely'],
  [0.95, 'veryLikely'],
];

export function chanceWord(probability: number): ChanceWord {
  return upTo.find(([most]) => probability < most)?.[1] ?? 'almostCertain';
}

export type PaceWord = 'ahead' | 'about' | 'behind' | 'none';

/** What was practised against what was planned; within a tenth is as planned. */
export function paceWord(practised: number, planned: number): PaceWord {
  if (planned <= 0) return 'none';
  if (practised > 1.1 * planned) return 'ahead';
  return practised < 0.9 * planned ? 'behind' : 'about';
}
