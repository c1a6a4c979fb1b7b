import { useWho } from '@/api/context';
import type { AnswerPrediction } from '@/api/types';
import { QueryCard } from '@/features/card/QueryCard';
import { useRecord } from '@/features/activity/api/post-events';
import { useControl } from '@/features/path/api/post-control';
import { percent } from '@/lib/format';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { IntervalBar } from '@/ui/IntervalBar';
import { Message } from '@/ui/states';
import { useConcept } from './api/get-concept';

function Belief({ data }: { data: AnswerPrediction }) {
  const t = en.concept;
  const one = data.concepts[0];
  const reasons = data.why.filter((x) => x.direction !== 'hardly_changes');
  const words = { raises: t.raises, lowers: t.lowers, hardly_changes: t.hardly };
  return (
    <div className="flex flex-col gap-3">
      {one && (
        <div className="flex flex-col gap-1">
          <p className="font-semibold">
            {t.now(percent(one.mastery), percent(one.low_90), percent(one.high_90))}
          </p>
          <IntervalBar
            value={one.mastery}
            low={one.low_90}
            high={one.high_90}
            label={t.now(percent(one.mastery), percent(one.low_90), percent(one.high_90))}
          />
          <p className="text-sm text-soft">
            {t.evidence(one.answers)} · {t.chance(percent(data.predicted_success))}
          </p>
        </div>
      )}
      {reasons.length > 0 && (
        <div className="flex flex-col gap-1">
          <h3>{t.reasons}</h3>
          <ul className="flex flex-col gap-1.5">
            {reasons.map((reason) => (
              <li key={reason.group} className="flex gap-2">
                <span aria-hidden="true" className="text-accent">
                  {reason.direction === 'raises' ? '▲' : '▼'}
                </span>
                <span>
                  <span className="sr-only">{words[reason.direction]}: </span>
                  {reason.text}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function Disagree({ concept }: { concept: string }) {
  const control = useControl();
  const record = useRecord();
  const say = useAnnounce();
  const onError = (error: Error) => say.wrong(en.common.refused(error.message));
  const t = en.concept;
  const failed = control.error ?? record.error;
  return (
    <>
      <span className="text-sm text-soft">{t.disagree}</span>
      <Button
        small
        title={t.knownMeans}
        busy={control.isPending}
        onClick={() =>
          control.mutate(
            { kind: 'known', concept },
            { onSuccess: () => say(t.knownSaid), onError },
          )
        }
      >
        {t.known}
      </Button>
      <Button
        small
        title={t.forgotMeans}
        busy={record.isPending}
        onClick={() =>
          record.mutate(
            { type: 'review', concept, rating: 1 },
            { onSuccess: () => say(t.forgotSaid), onError },
          )
        }
      >
        {t.forgot}
      </Button>
      <span className="basis-full text-sm text-soft" role="status">
        {failed
          ? en.common.refused(failed.message)
          : control.isSuccess
            ? t.knownSaid
            : record.isSuccess
              ? t.forgotSaid
              : ''}
      </span>
    </>
  );
}

export function BeliefCard({ concept }: { concept: string }) {
  const { readOnly } = useWho();
  const asked = useConcept(concept);
  return (
    <QueryCard
      title={en.concept.belief}
      queries={[asked]}
      skeleton={['h-6 w-1/2', 'h-3 w-full', 'h-24 w-full']}
      cold={<Message title={en.concept.cold} />}
      action={!readOnly && <Disagree concept={concept} />}
    >
      {() => asked.data && <Belief data={asked.data} />}
    </QueryCard>
  );
}
