import { useState } from 'react';
import type { Recommendation } from '@/api/types';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { useRecord, type Happened } from './api/post-events';

interface Props {
  one: Recommendation;
  open: boolean;
  onClose: () => void;
}

/** Stands in for the platform's own player: tells the engine how it went. */
export function ActivityPanel({ one, open, onClose }: Props) {
  const record = useRecord();
  const say = useAnnounce();
  const [answers, setAnswers] = useState({ right: 0, n: 0 });
  const t = en.next.panel;

  function tell(happened: Happened, then: () => void) {
    record.mutate(happened, { onSuccess: then });
  }
  function answer(correct: boolean) {
    tell({ type: 'answer', content: one.content_id, correct }, () =>
      setAnswers((had) => ({ right: had.right + Number(correct), n: had.n + 1 })),
    );
  }
  function end(happened: Happened, said: string) {
    tell(happened, () => {
      say(said);
      setAnswers({ right: 0, n: 0 });
      onClose();
    });
  }

  return (
    <Dialog open={open} title={one.title} onClose={onClose}>
      <p className="text-soft">{t.help}</p>
      {one.content_type === 'review' && one.concept && (
        <Ratings
          busy={record.isPending}
          onRate={(rating) =>
            end(
              { type: 'review', concept: one.concept ?? '', rating },
              t.finished(one.title),
            )
          }
        />
      )}
      <div className="flex flex-wrap items-center gap-2">
        <Button disabled={record.isPending} onClick={() => answer(true)}>
          {t.right}
        </Button>
        <Button disabled={record.isPending} onClick={() => answer(false)}>
          {t.wrong}
        </Button>
        <span aria-live="polite" className="text-sm text-soft">
          {answers.n > 0 && t.answered(answers.right, answers.n)}
        </span>
      </div>
      {record.error && (
        <p role="alert" className="text-bad">
          {en.common.refused(record.error.message)}
        </p>
      )}
      <div className="flex flex-wrap gap-2 border-t border-line pt-3">
        <Button
          look="primary"
          disabled={record.isPending}
          onClick={() =>
            end(
              { type: 'content_completed', content: one.content_id },
              t.finished(one.title),
            )
          }
        >
          {t.done}
        </Button>
        <Button
          look="quiet"
          disabled={record.isPending}
          onClick={() =>
            end(
              { type: 'content_abandoned', content: one.content_id },
              t.stopped,
            )
          }
        >
          {t.stop}
        </Button>
      </div>
    </Dialog>
  );
}

interface RatingsProps {
  busy: boolean;
  onRate: (rating: number) => void;
}

function Ratings({ busy, onRate }: RatingsProps) {
  return (
    <div role="group" aria-label={en.next.panel.recall} className="flex flex-col gap-2">
      <p className="font-semibold">{en.next.panel.recall}</p>
      <div className="flex flex-wrap gap-2">
        {en.next.panel.ratings.map((name, i) => (
          <Button key={name} small disabled={busy} onClick={() => onRate(i + 1)}>
            {name}
          </Button>
        ))}
      </div>
    </div>
  );
}
