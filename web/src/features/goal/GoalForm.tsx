import { useState, type FormEvent } from 'react';
import type { Catalogue, Goal, Level, PersonalizationProfile } from '@/api/types';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Checks, Choice, control } from './GoalFields';
import { asGoal, dayAfter } from './rules';

const t = en.goal.form;
const LEVELS: Level[] = ['beginner', 'intermediate', 'advanced', 'expert'];
const MOTIVATIONS = ['mastery', 'achievement', 'competitive', 'social'] as const;
const MOST_AREAS = 16;
const MOST_CONCEPTS = 64;

interface Props {
  goals: PersonalizationProfile['goals'];
  catalogue: Catalogue | undefined;
  today: string;
  busy: boolean;
  error: Error | null;
  onSave: (goal: Goal) => void;
  onCancel: () => void;
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
      <Choice
        label={t.level}
        of={LEVELS}
        nameOf={(one) => en.levels[one]}
        value={goal.target_skill_level}
        onChange={(target_skill_level) => setGoal({ ...goal, target_skill_level })}
      />
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
      <Choice
        label={t.motivation}
        of={MOTIVATIONS}
        nameOf={(one) => t.motivations[one]}
        value={goal.motivation_type}
        onChange={(motivation_type) => setGoal({ ...goal, motivation_type })}
      />
      {error && (
        <p role="alert" className="text-bad">
          {en.common.refused(error.message)}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={past} busy={busy}>
          {en.common.save}
        </Button>
        <Button onClick={onCancel}>{en.common.cancel}</Button>
      </div>
    </form>
  );
}
