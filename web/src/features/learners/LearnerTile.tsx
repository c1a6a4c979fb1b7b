import { PersonalizationProvider } from '@/api/context';
import { useQueryClient } from '@tanstack/react-query';
import type { Client } from '@/api/client';
import { useNames } from '@/features/catalogue/get-catalogue';
import { useProfile } from '@/features/profile/get-profile';
import { areaRows } from '@/features/skills/rules';
import { count, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { IntervalBar } from '@/ui/IntervalBar';

function Summary() {
  const { data } = useProfile();
  const names = useNames();
  if (!data) return <p className="h-12 text-sm text-soft">…</p>;
  const rows = areaRows(data, undefined).filter((row) => row.estimate);
  const best = rows.toSorted(
    (a, b) => (b.estimate?.value ?? 0) - (a.estimate?.value ?? 0),
  )[0];
  const answers = rows.reduce((sum, row) => sum + row.level.evidence, 0);
  const goal = data.goals.target_skill_level;
  return (
    <div className="flex flex-col gap-1 text-sm text-soft">
      <p>
        {en.app.learners.mastered(data.skillProfile.mastered_concepts.length)}
        {' · '}
        {en.app.learners.answers(count(Math.round(answers)))}
        {goal && ` · ${en.app.learners.goal(en.levels[goal])}`}
      </p>
      {best?.estimate && (
        <>
          <p>
            {names.area(best.area)} {percent(best.estimate.value)}
          </p>
          <IntervalBar
            {...best.estimate}
            label={en.skills.likely(
              percent(best.estimate.value),
              percent(best.estimate.low),
              percent(best.estimate.high),
            )}
          />
        </>
      )}
    </div>
  );
}

/** One learner in a few words; the profile is asked for beside the others'. */
export function LearnerTile({ id, client }: { id: string; client: Client }) {
  const queries = useQueryClient();
  return (
    <div className="flex flex-col gap-1.5">
      <h2 className="font-semibold text-accent">{en.app.learner(id)}</h2>
      <PersonalizationProvider userId={id} client={client} queries={queries}>
        <Summary />
      </PersonalizationProvider>
    </div>
  );
}
