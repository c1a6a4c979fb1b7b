import { useId, useState, type ReactNode } from 'react';
import type { Pace, Recommendation } from '@/api/types';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import type { RecommendationActions } from './RecommendedContent';
import { ScoreBars } from './ScoreBars';
import { Stars } from './Stars';
import { SteerMenu } from './SteerMenu';

type Opened = 'steer' | 'why' | null;

interface Props {
  one: Recommendation;
  pace: Pace;
  /** Left out: it is shown only. */
  actions?: RecommendationActions;
  /** What explains it; left out, the score that came with it. */
  renderWhy?: (one: Recommendation) => ReactNode;
  /** The first button. */
  start: ReactNode;
  /** Alone in its card: its buttons are large and need no title. */
  large?: boolean;
}

/** What can be done with a suggestion, and why it is there. */
export function Tools({ one, pace, actions, renderWhy, start, large = false }: Props) {
  const [opened, setOpened] = useState<Opened>(null);
  const steer = useId();
  const t = en.recommendations;
  const toggle = (what: Opened) => setOpened((now) => (now === what ? null : what));
  // Which of several equal buttons this is.
  const of = (name: string) => `${name}: ${one.title}`;
  const size = large ? { className: 'min-h-11' } : { small: true };
  return (
    <>
      <div className="flex flex-wrap items-center gap-1.5">
        {start}
        {actions && (
          <Button
            {...size}
            look={large ? 'plain' : 'quiet'}
            aria-expanded={opened === 'steer'}
            {...(opened === 'steer' ? { 'aria-controls': steer } : {})}
            aria-label={of(en.next.adjust)}
            onClick={() => toggle('steer')}
          >
            {en.next.adjust}
          </Button>
        )}
        <Button
          {...size}
          look="quiet"
          aria-expanded={opened === 'why'}
          aria-label={of(opened === 'why' ? t.hideWhy : t.why)}
          onClick={() => toggle('why')}
        >
          {opened === 'why' ? t.hideWhy : t.why}
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
      {opened === 'steer' && actions && (
        <SteerMenu id={steer} one={one} pace={pace} actions={actions} wide={large} />
      )}
      {opened === 'why' && (renderWhy?.(one) ?? <ScoreBars {...one.reasoning} />)}
    </>
  );
}
