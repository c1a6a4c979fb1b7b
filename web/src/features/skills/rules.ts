// What may be said of a skill, and what has moved.
import type { AreaLevel, Catalogue, PersonalizationProfile } from '@/api/types';

/** Below so many answers an estimate shows what is usual, not what is known
 * (as the engine's own evidence says). */
export const ENOUGH_ANSWERS = 4;

export interface AreaRow {
  area: string;
  level: AreaLevel;
  /** Null: not enough is known to claim anything. */
  estimate: { value: number; low: number; high: number } | null;
  weak: boolean;
  mastered: number;
  concepts: number;
}

export function estimateOf(level: AreaLevel): AreaRow['estimate'] {
  const { mastery, mastery_low, mastery_high, evidence } = level;
  if (evidence < ENOUGH_ANSWERS) return null;
  if (mastery === null || mastery_low === null || mastery_high === null)
    return null;
  return { value: mastery, low: mastery_low, high: mastery_high };
}

/** In the curriculum's order; what is not known yet comes last. */
export function areaRows(
  profile: PersonalizationProfile,
  catalogue: Catalogue | undefined,
): AreaRow[] {
  const { current_levels, weak_areas, mastered_concepts } = profile.skillProfile;
  const mastered = new Set(mastered_concepts);
  const weak = new Set(weak_areas.map((one) => one.area));
  const rows = Object.entries(current_levels).map(([area, level]) => {
    const concepts = catalogue?.concepts.filter((x) => x.area === area) ?? [];
    return {
      area,
      level,
      estimate: estimateOf(level),
      weak: weak.has(area),
      mastered: concepts.filter((x) => mastered.has(x.id)).length,
      concepts: concepts.length,
    };
  });
  return [
    ...rows.filter((row) => row.estimate),
    ...rows.filter((row) => !row.estimate),
  ];
}

/** The area that most needs a look: the weakest known one. */
export function focusOf(rows: AreaRow[]): AreaRow | null {
  const known = rows.filter((row) => row.estimate);
  const weak = known.filter((row) => row.weak);
  const among = weak.length ? weak : known;
  return among.reduce<AreaRow | null>(
    (least, row) =>
      !least || (row.estimate?.value ?? 1) < (least.estimate?.value ?? 1)
        ? row
        : least,
    null,
  );
}

export interface Movement {
  change: number;
  /** The earlier visit that it is measured from; null: four weeks ago. */
  since: Date | null;
}

/** What moved since the last visit, where there was one; else in four weeks. */
export function movementOf(
  row: AreaRow,
  last: { at: Date; mastery: Record<string, number> } | null,
): Movement | null {
  if (!row.estimate) return null;
  const before = last?.mastery[row.area];
  if (last && before !== undefined)
    return { change: row.estimate.value - before, since: last.at };
  if (row.level.movement === null) return null;
  return { change: row.level.movement, since: null };
}
