import { useState, type ReactNode } from 'react';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { useRecord, type Happened } from './api/post-events';
import type { Activity } from './begin';

interface Props {
  activity: Activity;
  onClose: () => void;
}

interface PartProps {
  busy: boolean;
  tell: (happened: Happened, then: () => void) => void;
  /** Tells the last of it, and closes. */
  end: (happened: Happened, said: string) => void;
}

function Ratings({ concept, title, busy, end }: PartProps & { concept: string; title: string }) {
  const t = en.next.panel;
  return (
    <div role="group" aria-label={t.recall} className="flex flex-col gap-2">
      <p className="font-semibold">{t.recall}</p>
      <div className="flex flex-wrap gap-2">
        {t.ratings.map((name, i) => (
          <Button
            key={name}
            small
            busy={busy}
            onClick={() =>
              end({ type: 'review', concept, rating: i + 1 }, t.finished(title))
            }
          >
            {name}
          </Button>
        ))}
      </div>
    </div>
  );
}

interface AnswersProps extends PartProps {
  /** What is answered: a content, or a skill. */
  of: { content: number } | { concepts: string[] };
  children: ReactNode;
}

function Answers({ of, busy, tell, children }: AnswersProps) {
  const [answers, setAnswers] = useState({ right: 0, n: 0 });
  const t = en.next.panel;
  const answer = (correct: boolean) =>
    tell({ type: 'answer', ...of, correct }, () =>
      setAnswers((had) => ({ right: had.right + Number(correct), n: had.n + 1 })),
    );
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <Button busy={busy} onClick={() => answer(true)}>
          {t.right}
        </Button>
        <Button busy={busy} onClick={() => answer(false)}>
          {t.wrong}
        </Button>
        <span aria-live="polite" className="text-sm text-soft">
          {answers.n > 0 && t.answered(answers.right, answers.n)}
        </span>
      </div>
      <div className="flex flex-wrap gap-2 border-t border-line pt-3">{children}</div>
    </>
  );
}

function Ends({ content, title, busy, end }: PartProps & { content: number; title: string }) {
  const t = en.next.panel;
  return (
    <>
      <Button
        look="primary"
        busy={busy}
        onClick={() => end({ type: 'content_completed', content }, t.finished(title))}
      >
        {t.done}
      </Button>
      <Button
        look="quiet"
        busy={busy}
        onClick={() => end({ type: 'content_abandoned', content }, t.stopped)}
      >
        {t.stop}
      </Button>
    </>
  );
}

/** Stands in for the platform's own player: tells the engine how it went. */
export function ActivityPanel({ activity, onClose }: Props) {
  const record = useRecord();
  const say = useAnnounce();
  const { title, contentId, concept, review } = activity;
  const part: PartProps = {
    busy: record.isPending,
    tell: (happened, then) => record.mutate(happened, { onSuccess: then }),
    end: (happened, said) =>
      record.mutate(happened, {
        onSuccess() {
          say(said);
          onClose();
        },
      }),
  };
  return (
    <Dialog open title={title} onClose={onClose}>
      <p className="text-soft">{en.next.panel.help}</p>
      {review && concept !== null && <Ratings {...part} concept={concept} title={title} />}
      {contentId !== null ? (
        <Answers {...part} of={{ content: contentId }}>
          <Ends {...part} content={contentId} title={title} />
        </Answers>
      ) : (
        concept !== null && (
          <Answers {...part} of={{ concepts: [concept] }}>
            <Button look="primary" onClick={onClose}>
              {en.next.panel.enough}
            </Button>
          </Answers>
        )
      )}
      {record.error && (
        <p role="alert" className="text-bad">
          {en.common.refused(record.error.message)}
        </p>
      )}
    </Dialog>
  );
}
