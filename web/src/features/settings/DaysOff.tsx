import { useState } from 'react';
import type { PersonalizationProfile } from '@/api/types';
import { day } from '@/lib/format';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { usePutProfile } from './api/put-profile';
import { comingDays, withDay } from './rules';
import { Section } from './Section';

export function DaysOff({ profile }: { profile: PersonalizationProfile }) {
  const put = usePutProfile();
  const today = profile.as_of.slice(0, 10);
  const [chosen, setChosen] = useState('');
  const days = comingDays(profile.stated, today);
  const t = en.settings.daysOff;
  const state = (next: string[]) => put.mutate({ stated: { days_off: next } });
  return (
    <Section title={t.title} help={t.help}>
      <ul className="flex flex-wrap gap-2">
        {days.map((one) => (
          <li key={one}>
            <Button
              small
              aria-label={t.remove(day(one))}
              onClick={() => state(days.filter((x) => x !== one))}
            >
              {day(one)} <span aria-hidden="true">×</span>
            </Button>
          </li>
        ))}
        {!days.length && <li className="text-sm text-soft">{t.none}</li>}
      </ul>
      <div className="flex flex-wrap items-end gap-2">
        <label className="flex flex-col text-sm">
          {t.day}
          <input
            type="date"
            min={today}
            value={chosen}
            onChange={(event) => setChosen(event.target.value)}
            className="min-h-9 rounded-control border border-edge bg-surface px-2"
          />
        </label>
        <Button
          disabled={!chosen || chosen < today}
          onClick={() => {
            state(withDay(days, chosen));
            setChosen('');
          }}
        >
          {t.add}
        </Button>
      </div>
      {put.error && (
        <p role="alert" className="text-bad">
          {en.common.refused(put.error.message)}
        </p>
      )}
    </Section>
  );
}
