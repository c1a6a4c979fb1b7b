import { useNames } from '@/features/catalogue/get-catalogue';
import { count, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { Failed, Skeleton } from '@/ui/states';
import { useExplanation } from './api/get-explanation';
import { ScoreBars } from './ScoreBars';

/** Why a recommendation was made, from the engine's log. */
export function Why({ id }: { id: number }) {
  const asked = useExplanation(id, true);
  const names = useNames();
  const t = en.recommendations.explanation;
  if (asked.error)
    return (
      <Failed why={asked.error.message} onRetry={() => void asked.refetch()} />
    );
  if (!asked.data) return <Skeleton heights={['h-24 w-full']} />;
  const { reasoning, cause, propensity, place, shown, candidates, made_from } =
    asked.data;
  const because = (reasoning.because ?? [])
    .map((one) => names.content(one.content_id))
    .filter((title) => title !== null);
  return (
    <div className="flex flex-col gap-3 rounded-control bg-raised p-3">
      <ScoreBars {...reasoning} />
      <p className="text-sm text-soft">
        {t.place(place, shown, candidates)}{' '}
        {cause === 'exploration' && `${t.chance(percent(propensity))} `}
        {cause === 'pin' && `${t.rule} `}
        {because.length > 0 && `${t.because}: ${because.join(', ')}. `}
        {t.from(count(made_from.events))}
      </p>
    </div>
  );
}
