import { lazy, Suspense, useState } from 'react';
import { useWho } from '@/api/context';
import type { Goal } from '@/api/types';
import { QueryCard } from '@/features/card/QueryCard';
import { useCatalogue } from '@/features/catalogue/get-catalogue';
import { useProfile } from '@/features/profile/get-profile';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { Message, Skeleton } from '@/ui/states';
import { usePredictions } from './api/get-predictions';
import { usePostGoal } from './api/post-goal';
import { GoalTracker } from './GoalTracker';
import { hasGoal } from './rules';
import { WhatIfPanel } from './WhatIfPanel';

// Wanted now and then.
const GoalForm = lazy(() => import('./GoalForm'));

const t = en.goal;
const SKELETON = ['h-6 w-1/2', 'h-10 w-2/3', 'h-14 w-full', 'h-40 w-full'];

const NONE = {
  target_skill_level: null,
  timeline: null,
  priority_areas: null,
  motivation_type: null,
};

export function GoalCard({ className }: { className?: string }) {
  const { readOnly } = useWho();
  const profile = useProfile();
  const predictions = usePredictions();
  const catalogue = useCatalogue();
  const post = usePostGoal();
  const say = useAnnounce();
  const [editing, setEditing] = useState(false);
  const goals = profile.data?.goals ?? NONE;
  const set = hasGoal(goals);
  const edit = !readOnly && (
    <Button look={set ? 'plain' : 'primary'} onClick={() => setEditing(true)}>
      {set ? t.edit : t.set}
    </Button>
  );

  function save(goal: Goal) {
    post.mutate(goal, {
      onSuccess() {
        setEditing(false);
        say(t.form.saved);
      },
    });
  }

  return (
    <>
      <QueryCard
        title={t.title}
        id="goal"
        className={className}
        queries={[profile, predictions]}
        skeleton={SKELETON}
        cold={
          <Message title={t.cold} action={edit}>
            {t.coldHelp}
          </Message>
        }
        action={set ? edit : undefined}
      >
        {() =>
          set && predictions.data && profile.data ? (
            <GoalTracker
              goals={goals}
              predictions={predictions.data}
              {...(catalogue.data ? { catalogue: catalogue.data } : {})}
            >
              {predictions.data.goal?.enough_evidence && (
                <WhatIfPanel profile={profile.data} predictions={predictions.data} />
              )}
            </GoalTracker>
          ) : (
            <Message title={t.none} action={edit}>
              {t.noneHelp}
            </Message>
          )
        }
      </QueryCard>
      <Dialog open={editing} title={t.form.title} onClose={() => setEditing(false)}>
        <Suspense fallback={<Skeleton heights={['h-96 w-full']} />}>
          <GoalForm
          goals={goals}
          catalogue={catalogue.data}
          today={(predictions.data?.as_of ?? new Date().toISOString()).slice(0, 10)}
          busy={post.isPending}
          error={post.error}
          onSave={save}
          onCancel={() => setEditing(false)}
          />
        </Suspense>
      </Dialog>
    </>
  );
}
