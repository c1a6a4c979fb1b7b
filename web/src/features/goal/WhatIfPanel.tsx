import { useMemo, useState } from 'react';
import { useWho } from '@/api/context';
import type { PersonalizationProfile, SkillPredictions } from '@/api/types';
import { usePutProfile } from '@/features/settings/api/put-profile';
import { day, minutes as inHours, percent, points } from '@/lib/format';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { Slider } from '@/ui/Slider';
import { asGoal, dayAfter, daysFrom, weeksAhead } from './rules';
import { useWhatIf } from './use-what-if';
import { minutesRange, scenariosOf, weekdaysFor } from './what-if';
import { chanceWord } from './words';

const t = en.goal.whatIf;
interface Props {
  profile: PersonalizationProfile;
  predictions: SkillPredictions;
}

function Compared({ now, before }: { now: number; before: number }) {
  const change = points(now - before);
  if (change === '0') return <>{t.same}</>;
  return <>{now > before ? t.more(change.slice(1)) : t.less(change.slice(1))}</>;
}

/** Minutes and date moved, and what they would do; saved only when asked. */
export function WhatIfPanel({ profile, predictions }: Props) {
  const { readOnly } = useWho();
  const save = usePutProfile();
  const say = useAnnounce();
  const today = predictions.as_of.slice(0, 10);
  const timeline = predictions.goal?.timeline ?? null;
  const own = timeline ?? predictions.at.slice(0, 10);
  const planned = predictions.assumptions.minutes_per_week;
  const scenarios = useMemo(() => scenariosOf(predictions), [predictions]);
  const range = minutesRange(scenarios);
  const [minutes, setMinutes] = useState<number | null>(null);
  const [weeks, setWeeks] = useState<number | null>(null);
  const week = minutes ?? planned;
  const date = weeks === null ? own : dayAfter(today, 7 * weeks);
  const { before, probability, waiting, failed } = useWhatIf(
    predictions,
    scenarios,
    { at: weeks === null ? null : date, minutes: week === planned ? null : week },
  );
  if (!range || before === null || probability === null) return null;
  const flat = (scenarios.at(-1)?.probability ?? 0) - before < 0.02;
  const changed = minutes !== null || weeks !== null;

  function back() {
    setMinutes(null);
    setWeeks(null);
  }

  function take() {
    save.mutate(
      {
        ...(minutes !== null
          ? {
              stated: {
                minutes_per_weekday: weekdaysFor(
                  profile.stated.minutes_per_weekday,
                  minutes,
                ),
              },
            }
          : {}),
        ...(weeks !== null
          ? { goals: { ...asGoal(profile.goals), timeline: date } }
          : {}),
      },
      {
        onSuccess() {
          back();
          say(t.taken);
        },
        onError: (error) => say.wrong(en.common.refused(error.message)),
      },
    );
  }

  return (
    <section aria-label={t.title} className="flex flex-col gap-3 rounded-control bg-raised p-4">
      <h3>{t.title}</h3>
      <div className="grid gap-y-2">
        <Slider
          label={t.minutes}
          value={Math.min(range.most, Math.max(range.least, week))}
          {...range}
          text={inHours(week)}
          onChange={setMinutes}
        />
        <Slider
          label={t.date}
          value={weeks ?? Math.max(1, Math.round(daysFrom(today, own) / 7))}
          least={1}
          most={weeksAhead(today, timeline)}
          step={1}
          text={day(date)}
          onChange={setWeeks}
        />
      </div>
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1" aria-live="polite">
        <span>{t.result}</span>
        <strong
          className="text-2xl"
          data-testid="what-if"
          data-waiting={waiting || undefined}
        >
          {percent(probability)}
        </strong>
        <span>{en.goal.words[chanceWord(probability)]}</span>
        {changed && (
          <span className="text-soft">
            <Compared now={probability} before={before} />
          </span>
        )}
        <span className="text-sm text-soft">
          {waiting ? t.asking : failed ? t.about : t.exact}
        </span>
      </div>
      {flat && <p className="text-sm text-soft">{t.flat}</p>}
      {failed && <p className="text-sm text-warn">{t.failed}</p>}
      {save.error && (
        <p role="alert" className="text-bad">
          {en.common.refused(save.error.message)}
        </p>
      )}
      {changed && (
        <div className="flex flex-wrap gap-2">
          {!readOnly && (
            <Button small look="primary" busy={save.isPending} onClick={take}>
              {t.take}
            </Button>
          )}
          <Button small onClick={back}>
            {t.back}
          </Button>
        </div>
      )}
    </section>
  );
}
