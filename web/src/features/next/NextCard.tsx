import { useWho } from '@/api/context';
import type { Recommendation } from '@/api/types';
import { activityOf, useBeginning } from '@/features/activity/begin';
import { QueryCard } from '@/features/card/QueryCard';
import { useCatalogue, useNames } from '@/features/catalogue/get-catalogue';
import { useRecommendations } from '@/features/recommendations/api/get-recommendations';
import { split } from '@/features/recommendations/rules';
import { useLookAgain, useSteering } from '@/features/recommendations/use-steer';
import { Why } from '@/features/recommendations/Why';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { NextAction } from './NextAction';

// On a phone everything stands below everything else: NextAction's least height.
const SKELETON = [
  'h-5 w-1/3',
  'h-[30px] w-2/3',
  'h-[49px] w-full',
  'h-[35px] w-48',
  'h-[162px] w-full sm:hidden',
];

/** The area of what is recommended, by the curriculum. */
function useAreaOf(one: Recommendation | null): string | null {
  const { data } = useCatalogue();
  const names = useNames();
  const content = data?.contents.find((x) => x.id === one?.content_id);
  return content ? names.area(content.area) : null;
}

function LookAgain() {
  const again = useLookAgain();
  return (
    <Button small busy={again.isPending} onClick={() => again.mutate()}>
      {en.next.refresh}
    </Button>
  );
}

export function NextCard({ className }: { className?: string }) {
  const { readOnly } = useWho();
  const slate = useRecommendations();
  const { actions, pace } = useSteering();
  const beginning = useBeginning();
  const next = slate.data ? split(slate.data).next : null;
  const area = useAreaOf(next);
  return (
    <QueryCard
      title={en.next.title}
      id="next"
      className={className}
      queries={[slate]}
      skeleton={SKELETON}
      cold={<Message title={en.next.cold}>{en.next.coldHelp}</Message>}
    >
      {() =>
        next ? (
          <NextAction
            key={next.id}
            one={next}
            area={area}
            pace={pace}
            {...(readOnly ? {} : { actions })}
            {...(beginning
              ? { onStart: () => beginning.begin(activityOf(next)) }
              : {})}
            starting={beginning?.busy ?? false}
            renderWhy={(one) => <Why id={one.id} />}
          />
        ) : (
          <Message
            title={en.next.nothing}
            action={readOnly ? undefined : <LookAgain />}
          >
            {en.next.nothingHelp}
          </Message>
        )
      }
    </QueryCard>
  );
}
