import type { SkillPredictions } from '@/api/types';
import { useDebounced } from '@/lib/use-debounced';
import { usePredictionsIf, type Supposed } from './api/get-predictions';
import { estimateOf, type Scenario } from './what-if';

const SETTLED_MS = 60;

interface Figure {
  /** As things are planned. */
  before: number | null;
  /** As supposed: the engine's, or about it until that is there. */
  probability: number | null;
  waiting: boolean;
  failed: boolean;
}

function chanceOf(answer: SkillPredictions | undefined, supposed: Supposed) {
  const goal = answer?.goal;
  return (
    (supposed.at === null ? goal?.probability : goal?.probability_at_requested_date) ??
    null
  );
}

/** A figure at once, and the engine's own when the sliders rest. */
export function useWhatIf(
  predictions: SkillPredictions,
  scenarios: Scenario[],
  supposed: Supposed,
): Figure {
  const planned = predictions.assumptions.minutes_per_week;
  const before = predictions.goal?.probability ?? estimateOf(scenarios, planned, null);
  const asking = supposed.at !== null || supposed.minutes !== null;
  const text = JSON.stringify(supposed);
  const settled = useDebounced(text, SETTLED_MS) === text;
  const { data, isPlaceholderData, isError } = usePredictionsIf(
    asking && settled ? supposed : null,
  );
  if (!asking) return { before, probability: before, waiting: false, failed: false };
  const there = settled && !isPlaceholderData && data !== undefined;
  const answered = there ? chanceOf(data, supposed) : null;
  // Of another date the last figure is nearest, until there is a better one.
  const last = supposed.at === null ? null : chanceOf(data, supposed);
  const told =
    supposed.at === null
      ? null
      : {
          minutes: last === null ? planned : (data?.assumptions.minutes_per_week ?? planned),
          probability: last ?? before ?? 0,
        };
  return {
    before,
    probability:
      answered ?? estimateOf(scenarios, supposed.minutes ?? planned, told),
    waiting: !there && !isError,
    failed: isError,
  };
}
