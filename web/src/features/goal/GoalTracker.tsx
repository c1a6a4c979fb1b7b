import type { ReactNode } from 'react';
import type { Catalogue, PersonalizationProfile, SkillPredictions } from '@/api/types';
import { namesOf } from '@/features/catalogue/get-catalogue';
import { day, minutes, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { IntervalBar } from '@/ui/IntervalBar';
import { chanceWord, paceWord } from './words';

const t = en.goal;

export interface GoalTrackerProps {
  goals: PersonalizationProfile['goals'];
  /** The forecast; without it the goal alone is shown. */
  predictions?: SkillPredictions;
  catalogue?: Catalogue;
  /** Below it: what-if, where there is something to ask. */
  children?: ReactNode;
}

type Forecast = NonNullable<SkillPredictions['goal']>;

function Chance({ goal }: { goal: Forecast }) {
  const { probability, predicted } = goal;
  if (!goal.enough_evidence)
    return (
      <div className="rounded-control bg-raised p-3">
        <p className="font-semibold">{t.notEnough}</p>
        <p className="text-soft">{t.missing(goal.answers_missing)}</p>
      </div>
    );
  const { mastery, low_90, high_90 } = predicted;
  return (
    <div className="flex flex-col gap-2">
      {probability === null ? (
        <p className="text-soft">{t.noDateHelp}</p>
      ) : (
        <p className="flex flex-wrap items-baseline gap-x-3">
          <span>{t.chance}</span>
          <strong className="text-3xl leading-none">{percent(probability)}</strong>
          <span className="font-semibold">{t.words[chanceWord(probability)]}</span>
        </p>
      )}
      {mastery !== null && low_90 !== null && high_90 !== null && (
        <>
          <IntervalBar
            value={mastery}
            low={low_90}
            high={high_90}
            label={t.predicted(percent(mastery), percent(low_90), percent(high_90))}
          />
          <p className="text-sm text-soft">
            {t.predicted(percent(mastery), percent(low_90), percent(high_90))}
            {goal.mastery_now !== null && ` (${t.now(percent(goal.mastery_now))})`}
          </p>
        </>
      )}
      <p className="text-sm text-soft">
        {goal.likely_by ? t.likelyBy(day(goal.likely_by)) : t.beyond}
        {goal.fairly_sure_by && ` · ${t.sureBy(day(goal.fairly_sure_by))}`}
      </p>
    </div>
  );
}

function PaceFigures({ predictions }: { predictions: SkillPredictions }) {
  const { minutes_per_week, minutes_per_week_practised } = predictions.assumptions;
  const needed = predictions.goal?.minutes_per_week_needed ?? null;
  const figures: [string, string][] = [
    [t.pace.planned, t.pace.aWeek(minutes(minutes_per_week))],
    [t.pace.practised, t.pace.aWeek(minutes(minutes_per_week_practised))],
  ];
  if (predictions.goal?.enough_evidence && predictions.goal.timeline)
    figures.push([
      t.pace.needed,
      needed === null ? t.pace.never : t.pace.aWeek(minutes(needed)),
    ]);
  return (
    <section aria-label={t.pace.title}>
      <h3 className="flex flex-wrap items-baseline gap-x-3">
        {t.pace.title}
        <span className="font-normal">
          {t.pace[paceWord(minutes_per_week_practised, minutes_per_week)]}
        </span>
      </h3>
      <dl className="grid grid-cols-[repeat(auto-fit,minmax(9rem,1fr))] gap-x-4 gap-y-1 pt-1">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt className="text-sm text-soft">{name}</dt>
            <dd className="font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The goal, how likely it is, and at what pace. */
export function GoalTracker({ goals, predictions, catalogue, children }: GoalTrackerProps) {
  const names = namesOf(catalogue);
  const level = goals.target_skill_level;
  if (!level) return <p className="text-soft">{t.none}</p>;
  const concepts = goals.target_concepts ?? [];
  const areas = goals.priority_areas ?? [];
  const about = concepts.length
    ? concepts.slice(0, 4).map(names.concept)
    : areas.map(names.area);
  const forecast = predictions?.goal;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div>
        <p className="text-base font-semibold">
          {t.to(en.levels[level])},{' '}
          {goals.timeline ? t.by(day(goals.timeline)) : t.noDate}
        </p>
        <p className="text-soft">
          {about.length ? about.join(', ') : t.allAreas}
          {concepts.length > 4 && ' ..'}
          {forecast && ` · ${t.concepts(forecast.concepts_mastered, forecast.concepts)}`}
        </p>
      </div>
      {forecast && <Chance goal={forecast} />}
      {predictions && <PaceFigures predictions={predictions} />}
      {children}
    </div>
  );
}
