import type { ReactNode } from 'react';
import type { Recommendation } from '@/api/types';
import { percent } from '@/lib/format';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';

interface Props {
  one: Recommendation;
  area: string | null;
  starting: boolean;
  /** Left out: nothing can be begun here. */
  onStart?: () => void;
  steer?: ReactNode;
}

/** The one thing to do now. */
export function NextAction({ one, area, starting, onStart, steer }: Props) {
  const t = en.next;
  const facts = [
    en.contentTypes[one.content_type],
    area,
    one.predicted_success === null
      ? null
      : t.success(percent(one.predicted_success)),
    one.user_action === 'accepted' ? t.begun : null,
  ].filter(Boolean);
  return (
    <div className="grid gap-x-8 gap-y-4 sm:grid-cols-[1fr_auto] sm:items-center">
      <div className="flex min-w-0 flex-col gap-1">
        <p className="text-sm text-soft">{facts.join(' · ')}</p>
        <h3 className="text-2xl leading-tight break-words">{one.title}</h3>
        <p className="min-h-[52px] max-w-4xl pt-1">{one.reasoning.sentence}</p>
      </div>
      <p className="flex items-baseline gap-1.5 sm:flex-col sm:items-end sm:gap-0">
        <span className="text-4xl leading-none font-semibold">
          {Math.round(one.minutes)}
        </span>
        <span className="text-sm text-soft">{t.minutes}</span>
      </p>
      {onStart && (
        <div className="flex flex-wrap items-center gap-2 sm:col-span-2">
          <Button
            look="primary"
            className="min-h-11 px-8 text-base"
            disabled={starting}
            onClick={onStart}
          >
            {one.user_action === 'accepted' ? t.goOn : t.start}
          </Button>
          {steer}
        </div>
      )}
    </div>
  );
}
