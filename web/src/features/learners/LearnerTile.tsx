import type { CoachedLearner, Standing } from '@/api/types';
import { standingFacts } from '@/features/coach/CoachList';
import { percent } from '@/lib/format';
import { en } from '@/strings/en';

const t = en.app.learners;

function About({ standing }: { standing: Standing }) {
  const { goal } = standing;
  return (
    <>
      <p>
        {goal
          ? t.goal(en.levels[goal.target_skill_level], percent(goal.mastery_now))
          : t.noGoal}
      </p>
      <ul className="text-sm text-soft">
        {standingFacts(standing).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
    </>
  );
}

/** One learner in a few words. */
export function LearnerTile({ learner }: { learner: CoachedLearner }) {
  const { userId, state, standing } = learner;
  return (
    <div className="flex flex-col gap-1.5">
      <h2 className="font-semibold text-accent">{en.app.learner(userId)}</h2>
      {standing ? (
        <About standing={standing} />
      ) : (
        <p className="text-soft">
          {state === 'new' ? en.coach.isNew : en.coach.unreadable}
        </p>
      )}
    </div>
  );
}
