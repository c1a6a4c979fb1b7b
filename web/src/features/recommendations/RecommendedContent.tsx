import { useState, type ReactNode } from 'react';
import type { Recommendation } from '@/api/types';
import { minutes, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { ScoreBars } from './ScoreBars';
import { Stars } from './Stars';

export interface RecommendationActions {
  onAccept: (one: Recommendation) => void;
  onDismiss: (one: Recommendation) => void;
  onRate: (one: Recommendation, score: number) => void;
}

export interface RecommendedContentProps {
  recommendations: Recommendation[];
  /** Left out: they are shown only. */
  actions?: RecommendationActions;
  /** What explains one; left out, the score that came with it. */
  renderWhy?: (one: Recommendation) => ReactNode;
}

interface LineProps extends Omit<RecommendedContentProps, 'recommendations'> {
  one: Recommendation;
}

function Line({ one, actions, renderWhy }: LineProps) {
  const [open, setOpen] = useState(false);
  const t = en.recommendations;
  // Which of several equal buttons this is.
  const of = (name: string) => `${name}: ${one.title}`;
  const facts = [
    en.contentTypes[one.content_type],
    minutes(one.minutes),
    one.predicted_success === null
      ? null
      : en.next.success(percent(one.predicted_success)),
  ].filter(Boolean);
  return (
    <li className="flex flex-col gap-2 border-t border-line py-3 first:border-t-0 first:pt-0">
      <div>
        <h3 className="break-words">{one.title}</h3>
        <p className="text-sm text-soft">{facts.join(' · ')}</p>
      </div>
      <p className="max-w-prose">{one.reasoning.sentence}</p>
      <div className="flex flex-wrap items-center gap-1">
        {actions && (
          <>
            <Button
              small
              disabled={one.user_action === 'accepted'}
              aria-label={of(one.user_action === 'accepted' ? t.accepted : t.accept)}
              onClick={() => actions.onAccept(one)}
            >
              {one.user_action === 'accepted' ? t.accepted : t.accept}
            </Button>
            <Button
              small
              look="quiet"
              aria-label={of(t.dismiss)}
              onClick={() => actions.onDismiss(one)}
            >
              {t.dismiss}
            </Button>
          </>
        )}
        <Button
          small
          look="quiet"
          aria-expanded={open}
          aria-label={of(open ? t.hideWhy : t.why)}
          onClick={() => setOpen(!open)}
        >
          {open ? t.hideWhy : t.why}
        </Button>
        {actions && (
          <div className="ms-auto">
            <Stars
              title={one.title}
              value={one.feedback_score}
              onRate={(score) => actions.onRate(one, score)}
            />
          </div>
        )}
      </div>
      {open && (renderWhy?.(one) ?? <ScoreBars {...one.reasoning} />)}
    </li>
  );
}

/** Content worth doing, each with its reason and the numbers behind it. */
export function RecommendedContent(props: RecommendedContentProps) {
  const { recommendations, ...rest } = props;
  if (!recommendations.length)
    return (
      <Message title={en.recommendations.empty}>
        {en.recommendations.emptyHelp}
      </Message>
    );
  return (
    <ul>
      {recommendations.map((one) => (
        <Line key={one.id} one={one} {...rest} />
      ))}
    </ul>
  );
}
