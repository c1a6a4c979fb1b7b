import type { Control, LearningPath, PathStep } from '@/api/types';
import { activityOfStep, useBeginning } from '@/features/activity/begin';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { isPinned, isReview, moved } from './steps';

const t = en.path;

export type Ask = (control: Control, said: string) => void;

interface Props {
  path: LearningPath;
  step: PathStep;
  concept: string;
  busy: boolean;
  ask: Ask;
}

function ContentActions({ path, step, content, busy, ask }: Omit<Props, 'concept'> & { content: number }) {
  const { steps } = path.path_config;
  const earlier = moved(steps, content, -1);
  const later = moved(steps, content, 1);
  const pinned = isPinned(path, content);
  return (
    <>
      {pinned ? (
        <Button
          small
          busy={busy}
          onClick={() => ask({ kind: 'release', content }, t.said.release)}
        >
          {t.actions.unpin}
        </Button>
      ) : (
        <Button
          small
          busy={busy}
          onClick={() => ask({ kind: 'pin', content }, t.said.pin(step.title))}
        >
          {t.actions.pin}
        </Button>
      )}
      <Button
        small
        busy={busy}
        disabled={!earlier}
        onClick={() =>
          earlier && ask({ kind: 'reorder', order: earlier }, t.said.reorder(step.title))
        }
      >
        {t.actions.earlier}
      </Button>
      <Button
        small
        busy={busy}
        disabled={!later}
        onClick={() =>
          later && ask({ kind: 'reorder', order: later }, t.said.reorder(step.title))
        }
      >
        {t.actions.later}
      </Button>
      <Button
        small
        busy={busy}
        onClick={() => ask({ kind: 'skip', content }, t.said.skip(step.title))}
      >
        {t.actions.skip}
      </Button>
    </>
  );
}

function Start({ step }: { step: PathStep }) {
  const beginning = useBeginning();
  if (!beginning || step.status !== 'ready') return null;
  return (
    <Button
      small
      look="primary"
      busy={beginning.busy}
      onClick={() => beginning.begin(activityOfStep(step))}
    >
      {en.next.start}
    </Button>
  );
}

/** What a learner may do with a step that is not done. */
export function StepActions(props: Props) {
  const { step, concept, busy, ask } = props;
  if (step.status === 'done') return null;
  return (
    <div className="flex flex-wrap gap-2">
      <Start step={step} />
      {step.content_id !== null && (
        <ContentActions {...props} content={step.content_id} />
      )}
      {!isReview(step) && step.kind !== 'check' && (
        <Button
          small
          busy={busy}
          title={t.actions.knownMeans}
          onClick={() =>
            ask({ kind: 'known', concept: step.concept }, t.said.known(concept))
          }
        >
          {t.actions.known}
        </Button>
      )}
      <Button
        small
        busy={busy}
        onClick={() =>
          ask({ kind: 'skip', concept: step.concept }, t.said.skip(concept))
        }
      >
        {t.actions.skipConcept}
      </Button>
    </div>
  );
}
