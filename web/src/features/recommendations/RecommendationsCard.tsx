import { useWho } from '@/api/context';
import { QueryCard } from '@/features/card/QueryCard';
import { useLookAgain } from '@/features/next/use-steer';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { useRecommendations } from './api/get-recommendations';
import { useFeedback } from './api/post-feedback';
import { RecommendedContent, type RecommendationActions } from './RecommendedContent';
import { split } from './rules';
import { Why } from './Why';

const SKELETON = Array.from({ length: 4 }, () => 'h-28 w-full');

function useActions(): RecommendationActions {
  const feedback = useFeedback();
  const say = useAnnounce();
  const onError = (error: Error) => say(en.common.refused(error.message));
  const t = en.recommendations;
  return {
    onAccept: ({ id }) =>
      feedback.mutate(
        { id, feedback: { action: 'accepted' } },
        { onSuccess: () => say(t.accepted), onError },
      ),
    onDismiss: ({ id, title }) =>
      feedback.mutate(
        { id, feedback: { action: 'dismissed' } },
        { onSuccess: () => say(t.dismissed(title)), onError },
      ),
    onRate: ({ id }, score) =>
      feedback.mutate(
        { id, feedback: { feedback_score: score } },
        { onSuccess: () => say(t.rated(score)), onError },
      ),
  };
}

export function RecommendationsCard({ className }: { className?: string }) {
  const { readOnly } = useWho();
  const slate = useRecommendations();
  const actions = useActions();
  const again = useLookAgain();
  const t = en.recommendations;
  const others = slate.data ? split(slate.data).others : [];
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
          <Button small disabled={again.isPending} onClick={() => again.mutate()}>
            {t.all}
          </Button>
        )
      }
    >
      {() => (
        <RecommendedContent
          recommendations={others}
          renderWhy={(one) => <Why id={one.id} />}
          {...(readOnly ? {} : { actions })}
        />
      )}
    </QueryCard>
  );
}
