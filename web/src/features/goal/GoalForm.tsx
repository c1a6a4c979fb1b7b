import { useState, type FormEvent } from 'react';
import type { Catalogue, Goal, Level, PersonalizationProfile } from '@/api/types';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { asGoal, dayAfter } from './rules';

const t = en.goal.form;
const LEVELS: Level[] = ['beginner', 'intermediate', 'advanced', 'expert'];
const MOTIVATIONS = ['mastery', 'achievement', 'competitive', 'social'] as const;
const MOST_AREAS = 16;
const MOST_CONCEPTS = 64;

const control = 'min-h-10 w-full rounded-control border border-edge bg-surface px-3';

interface Props {
  goals: PersonalizationProfile['goals'];
  catalogue: Catalogue | undefined;
  today: string;
  busy: boolean;
  error: Error | null;
  onSave: (goal: Goal) => void;
  onCancel: () => void;
}

interface ChecksProps {
  title: string;
  of: { id: string; name: string }[];
  chosen: string[];
  most: number;
  onChange: (chosen: string[]) => void;
}

function Checks({ title, of, chosen, most, onChange }: ChecksProps) {
  return (
    <fieldset className="max-h-44 overflow-auto rounded-control border border-edge p-3">
      <legend className="px-1">{title}</legend>
      <div className="grid grid-cols-1 sm:grid-cols-2">
        {of.map(({ id, name }) => {
          const on = chosen.includes(id);
          return (
            <label key={id} className="flex min-h-7 items-center gap-2">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={on}
                disabled={!on && chosen.length >= most}
                onChange={() =>
                  onChange(on ? chosen.filter((x) => x !== id) : [...chosen, id])
                }
              />
              {name}
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

/** All of a goal; what is not shown of it is kept. */
export default function GoalForm(props: Props) {
  const { goals, catalogue, today, busy, error, onSave, onCancel } = props;
  const [goal, setGoal] = useState<Goal>(() => ({
    target_skill_level: 'intermediate',
    motivation_type: 'mastery',
    ...asGoal(goals),
  }));
  const [find, setFind] = useState('');
  const date = goal.timeline?.slice(0, 10) ?? '';
  const past = date !== '' && date <= today;
  const concepts = (catalogue?.concepts ?? []).filter(
    ({ id, name }) =>
      goal.target_concepts?.includes(id) ||
      name.toLowerCase().includes(find.trim().toLowerCase()),
  );

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!past) onSave(goal);
  }

  function setDate(next: string) {
    const { timeline: _gone, ...rest } = goal;
    setGoal(next ? { ...rest, timeline: next } : rest);
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <label className="flex flex-col gap-1">
        {t.level}
        <select
          className={control}
          value={goal.target_skill_level}
          onChange={(event) =>
            setGoal({ ...goal, target_skill_level: event.target.value as Level })
          }
        >
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {en.levels[level]}
            </option>
          ))}
        </select>
      </label>
      <label className="flex flex-col gap-1">
        {t.date}
        <input
          type="date"
          className={control}
          value={date}
          min={dayAfter(today, 1)}
          aria-invalid={past || undefined}
          onChange={(event) => setDate(event.target.value)}
        />
        {past && <span className="text-bad">{t.past}</span>}
      </label>
      <Checks
        title={t.areas}
        of={catalogue?.areas ?? []}
        chosen={goal.priority_areas ?? []}
        most={MOST_AREAS}
        onChange={(priority_areas) => setGoal({ ...goal, priority_areas })}
      />
      <details>
        <summary className="min-h-8">
          {t.skills}
          {!!goal.target_concepts?.length && ` (${goal.target_concepts.length})`}
        </summary>
        <div className="flex flex-col gap-2 pt-2">
          <input
            type="search"
            aria-label={t.find}
            placeholder={t.find}
            className={control}
            value={find}
            onChange={(event) => setFind(event.target.value)}
          />
          <Checks
            title={t.skills}
            of={concepts}
            chosen={goal.target_concepts ?? []}
            most={MOST_CONCEPTS}
            onChange={(target_concepts) => setGoal({ ...goal, target_concepts })}
          />
        </div>
      </details>
      <label className="flex flex-col gap-1">
        {t.motivation}
        <select
          className={control}
          value={goal.motivation_type}
          onChange={(event) => {
            const motivation = MOTIVATIONS.find((x) => x === event.target.value);
            if (motivation) setGoal({ ...goal, motivation_type: motivation });
          }}
        >
          {MOTIVATIONS.map((one) => (
            <option key={one} value={one}>
              {t.motivations[one]}
            </option>
          ))}
        </select>
      </label>
      {error && (
        <p role="alert" className="text-bad">
          {en.common.refused(error.message)}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={busy || past}>
          {en.common.save}
        </Button>
        <Button onClick={onCancel}>{en.common.cancel}</Button>
      </div>
    </form>
  );
}
