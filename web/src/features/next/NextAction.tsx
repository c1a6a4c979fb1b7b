import type { ReactNode } from 'react';
import type { Pace, Recommendation } from '@/api/types';
import type { RecommendationActions } from '@/features/recommendations/RecommendedContent';
import { Tools } from '@/features/recommendations/Tools';
import { percent } from '@/lib/format';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';

interface Props {
  one: Recommendation;
  area: string | null;
  pace: Pace;
  /** Left out: nothing can be begun or changed here. */
  actions?: RecommendationActions;
  onStart?: () => void;
  starting: boolean;
  renderWhy: (one: Recommendation) => ReactNode;
}

/** The one thing to do now. */
export function NextAction(props: Props) {
  const { one, area, pace, actions, onStart, starting, renderWhy } = props;
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
    <div className="flex flex-col gap-4 max-sm:min-h-[344px]">
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
      </div>
      <Tools
        large
        one={one}
        pace={pace}
        {...(actions ? { actions } : {})}
        renderWhy={renderWhy}
        start={
          onStart && (
            <Button
              look="primary"
              className="min-h-11 px-8 text-base"
              busy={starting}
              onClick={onStart}
            >
              {one.user_action === 'accepted' ? t.goOn : t.start}
            </Button>
          )
        }
      />
    </div>
  );
}
