import type { ReactNode } from 'react';
import type { Pace, Recommendation } from '@/api/types';
import { minutes, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { Tools } from './Tools';

export interface RecommendationActions {
  onAccept: (one: Recommendation) => void;
  /** Not now. */
  onDismiss: (one: Recommendation) => void;
  onRate: (one: Recommendation, score: number) => void;
  /** Those left out are not offered. */
  onStart?: (one: Recommendation) => void;
  onEasier?: (one: Recommendation) => void;
  onHarder?: (one: Recommendation) => void;
  onHide?: (one: Recommendation) => void;
}

export interface RecommendedContentProps {
  recommendations: Recommendation[];
  /** Left out: they are shown only. */
  actions?: RecommendationActions;
  /** How fast difficulty rises now: at an end of it, no step further is offered. */
  pace?: Pace;
  /** What explains one; left out, the score that came with it. */
  renderWhy?: (one: Recommendation) => ReactNode;
}

interface LineProps extends Omit<RecommendedContentProps, 'recommendations'> {
  one: Recommendation;
}

function First({ one, actions }: { one: Recommendation; actions: RecommendationActions }) {
  const t = en.recommendations;
  const { onStart, onAccept } = actions;
  const taken = one.user_action === 'accepted';
  const name = onStart ? en.next.start : taken ? t.accepted : t.accept;
  return (
    <Button
      small
      disabled={!onStart && taken}
      aria-label={`${name}: ${one.title}`}
      onClick={() => (onStart ?? onAccept)(one)}
    >
      {name}
    </Button>
  );
}

function Line({ one, actions, pace = 'moderate', renderWhy }: LineProps) {
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
      <Tools
        one={one}
        pace={pace}
        {...(actions ? { actions } : {})}
        {...(renderWhy ? { renderWhy } : {})}
        start={actions && <First one={one} actions={actions} />}
      />
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
