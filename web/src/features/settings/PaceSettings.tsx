import { useState } from 'react';
import type { Pace, PersonalizationProfile } from '@/api/types';
import { minutes } from '@/lib/format';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { usePutProfile } from './api/put-profile';
import { minutesFrom } from './rules';
import { Section } from './Section';

const PACES: Pace[] = ['slow', 'moderate', 'fast'];
const FIELD =
  'min-h-9 rounded-control border border-edge bg-surface px-2 text-end aria-invalid:border-bad';

export function PaceSettings({ profile }: { profile: PersonalizationProfile }) {
  const put = usePutProfile();
  const say = useAnnounce();
  const { stated, learningStyle } = profile;
  const [week, setWeek] = useState(
    (stated.minutes_per_weekday ?? Array.from({ length: 7 }, () => 0)).map(String),
  );
  const [session, setSession] = useState(
    String(stated.session_minutes ?? learningStyle.optimal_session_length),
  );
  const t = en.settings.pace;
  const planned = minutesFrom(week);
  const pace = stated.difficulty_progression_rate;
  const sessionMinutes = Number(session);
  const sound = planned && sessionMinutes >= 5 && sessionMinutes <= 480;

  function save() {
    if (!planned || !sound) return;
    put.mutate(
      {
        stated: {
          minutes_per_weekday: planned,
          session_minutes: Math.round(sessionMinutes),
        },
      },
      { onSuccess: () => say(en.common.saved) },
    );
  }

  return (
    <Section title={t.title}>
      <fieldset className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <legend className="float-start me-4 contents">{t.difficulty}</legend>
        {PACES.map((one) => (
          <label key={one} className="flex min-h-8 items-center gap-1.5">
            <input
              type="radio"
              name="piq-pace"
              className="size-4 accent-accent"
              checked={(pace ?? learningStyle.difficulty_progression_rate) === one}
              onChange={() =>
                put.mutate(
                  { stated: { difficulty_progression_rate: one } },
                  { onSuccess: () => say(en.common.saved) },
                )
              }
            />
            {t[one]}
          </label>
        ))}
        {!pace && <span className="text-sm text-soft">{t.inferred}</span>}
      </fieldset>
      <fieldset>
        <legend className="text-sm text-soft">
          {t.weekdays}
          {planned && ` (${t.week(minutes(planned.reduce((a, b) => a + b, 0)))})`}
        </legend>
        <div className="mt-1 grid grid-cols-4 gap-2 sm:grid-cols-7">
          {t.days.map((name, i) => (
            <label key={name} className="flex flex-col text-sm">
              {name}
              <input
                inputMode="numeric"
                className={`${FIELD} w-full`}
                value={week[i] ?? ''}
                aria-invalid={!minutesFrom([week[i] ?? ''])}
                onChange={(event) =>
                  setWeek(week.map((x, j) => (i === j ? event.target.value : x)))
                }
              />
            </label>
          ))}
        </div>
      </fieldset>
      <div className="flex flex-wrap items-end gap-3">
        <label className="flex flex-col text-sm">
          {t.session}
          <input
            inputMode="numeric"
            className={`${FIELD} w-24`}
            value={session}
            aria-invalid={!(sessionMinutes >= 5 && sessionMinutes <= 480)}
            onChange={(event) => setSession(event.target.value)}
          />
        </label>
        <Button disabled={!sound} busy={put.isPending} onClick={save}>
          {en.common.save}
        </Button>
        {put.error && (
          <p role="alert" className="text-bad">
            {en.common.refused(put.error.message)}
          </p>
        )}
      </div>
    </Section>
  );
}
