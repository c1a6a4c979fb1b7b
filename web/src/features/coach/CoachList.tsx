import type { ReactNode } from 'react';
import type { Standing } from '@/api/types';
import { day, minutes, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import type { Concern, Judged } from './attention';

const t = en.coach;

export function concernText(concern: Concern): string {
  switch (concern.kind) {
    case 'quiet':
      return concern.days === null ? t.concern.never : t.concern.quiet(concern.days);
    case 'overdue':
      return t.concern.overdue(concern.reviews);
    case 'late':
      return t.concern.late(concern.steps, day(concern.since));
    case 'less':
      return t.concern.less(minutes(concern.minutes), minutes(concern.before));
    case 'behind':
      return concern.by
        ? t.concern.behind(percent(concern.probability), day(concern.by))
        : t.concern.behindNoDate(percent(concern.probability));
    case 'noGoal':
      return t.concern.noGoal;
  }
}

/** Where a learner stands, in a line: practice, reviews, and the chance of the
 * goal where that is not said already. */
export function standingFacts(standing: Standing, chanceSaid = false): string[] {
  const { goal, trend, reviews, last_active } = standing;
  const chance = goal?.probability ?? null;
  return [
    ...(last_active ? [t.last(day(last_active))] : []),
    t.practice(minutes(trend.minutes), trend.answers),
    t.due(reviews.due),
    ...(goal && !chanceSaid ? [chance === null ? t.chanceUnknown : t.chance(percent(chance))] : []),
  ];
}

function About({ judged: { learner, concerns } }: { judged: Judged }) {
  const { state, standing } = learner;
  if (!standing)
    return <p className="text-soft">{state === 'new' ? t.isNew : t.unreadable}</p>;
  return (
    <>
      {concerns.length ? (
        <ul className="flex flex-wrap gap-1.5">
          {concerns.map((one) => (
            <li
              key={one.kind}
              className={cx(
                'rounded px-2 py-0.5 text-sm',
                one.kind === 'noGoal' ? 'bg-raised text-soft' : 'bg-warn-wash text-warn',
              )}
            >
              {concernText(one)}
            </li>
          ))}
        </ul>
      ) : (
        <p className="text-soft">{t.fine}</p>
      )}
      <p className="text-sm text-soft">
        {standingFacts(standing, concerns.some((one) => one.kind === 'behind')).join(' · ')}
      </p>
    </>
  );
}

interface Props {
  judged: Judged[];
  /** Makes the name a link to the learner's page. */
  linkTo: (userId: string, text: string, label: string) => ReactNode;
}

export function CoachList({ judged, linkTo }: Props) {
  return (
    <ul>
      {judged.map((one) => {
        const { userId } = one.learner;
        return (
          <li
            key={userId}
            data-learner={userId}
            className="grid gap-x-6 gap-y-1 border-t border-line py-4 first:border-t-0 first:pt-0 sm:grid-cols-[10rem_1fr]"
          >
            <h3 className="text-base">
              {linkTo(userId, t.learner(userId), t.open(userId))}
            </h3>
            <div className="flex min-w-0 flex-col gap-1">
              <About judged={one} />
            </div>
          </li>
        );
      })}
    </ul>
  );
}
