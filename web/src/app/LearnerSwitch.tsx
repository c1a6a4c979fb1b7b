import { useLearners } from '@/features/learners/api/get-learners';
import { en } from '@/strings/en';
import { useClient } from './client-context';
import { hrefOf, usePlace } from './router';

/** One click from learner to learner, for whoever may see them all. */
export function LearnerSwitch({ current }: { current: string }) {
  const learners = useLearners(useClient(), true);
  const { go } = usePlace();
  const ids = learners.data?.pages.flatMap((page) => page.users) ?? [];
  const all = ids.includes(current) ? ids : [current, ...ids];
  return (
    <label className="flex items-center gap-2 text-sm">
      {en.app.learners.switch}
      <select
        value={current}
        onChange={(event) => go(hrefOf.learner(event.target.value))}
        className="min-h-8 rounded-control border border-edge bg-surface px-2"
      >
        {all.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}
