import { useWho } from '@/api/context';
import { activityOf, useBeginning } from '@/features/activity/begin';
import { QueryCard } from '@/features/card/QueryCard';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { useRecommendations } from './api/get-recommendations';
import { RecommendedContent } from './RecommendedContent';
import { split } from './rules';
import { useLookAgain, useSteering } from './use-steer';
import { Why } from './Why';

const SKELETON = Array.from({ length: 4 }, () => 'h-28 w-full');

export function RecommendationsCard({ className }: { className?: string }) {
  const { readOnly } = useWho();
  const slate = useRecommendations();
  const { actions, pace } = useSteering();
  const beginning = useBeginning();
  const again = useLookAgain();
  const t = en.recommendations;
  const others = slate.data ? split(slate.data).others : [];
  const begin = beginning && {
    onStart: (one: (typeof others)[number]) => beginning.begin(activityOf(one)),
  };
  return (
    <QueryCard
      title={t.title}
      id="recommendations"
      className={className}
      queries={[slate]}
      skeleton={SKELETON}
      cold={<Message title={t.cold}>{t.coldHelp}</Message>}
      aside={slate.data && t.aside(others.length, slate.data.candidates)}
      action={
        !readOnly && (
          <Button small busy={again.isPending} onClick={() => again.mutate()}>
            {t.all}
          </Button>
        )
      }
    >
      {() => (
        <RecommendedContent
          recommendations={others}
          pace={pace}
          renderWhy={(one) => <Why id={one.id} />}
          {...(readOnly ? {} : { actions: { ...actions, ...begin } })}
        />
      )}
    </QueryCard>
  );
}
