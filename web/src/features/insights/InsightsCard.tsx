// Default export: it is loaded after the first paint, with its charts.
import { useWho } from '@/api/context';
import { QueryCard } from '@/features/card/QueryCard';
import { useCatalogue } from '@/features/catalogue/get-catalogue';
import { useProfile } from '@/features/profile/get-profile';
import { useChoice } from '@/lib/filters';
import { en } from '@/strings/en';
import { buttonClass } from '@/ui/Button';
import { Segmented } from '@/ui/Segmented';
import { Message } from '@/ui/states';
import { useAnalytics } from './api/get-analytics';
import { useReviews } from './api/get-reviews';
import { PerformanceInsights } from './PerformanceInsights';

const t = en.insights;
const WINDOWS = ['30', '7', '180'] as const;
const SHOWN = ['7', '30', '180'] as const;
const SKELETON = ['h-72 w-full', 'h-72 w-full'];

export default function InsightsCard({ className }: { className?: string }) {
  const { readOnly } = useWho();
  const [window, setWindow] = useChoice('days', WINDOWS);
  const days = Number(window);
  const metrics = useAnalytics(days);
  const reviews = useReviews();
  const profile = useProfile();
  const catalogue = useCatalogue();
  const cold = <Message title={t.cold}>{t.coldHelp}</Message>;
  const choice = (
    <Segmented
      label={t.trend.window}
      values={SHOWN}
      nameOf={(one) => t.trend.days[one]}
      value={window}
      onChange={setWindow}
    />
  );
  return (
    <QueryCard
      title={t.title}
      id="insights"
      className={className}
      queries={[metrics, reviews, profile]}
      skeleton={SKELETON}
      cold={cold}
      action={
        !readOnly && (
          <>
            <a href="#next" className={buttonClass('plain')}>
              {t.trend.begin}
            </a>
            <a href="#settings" className={buttonClass('quiet')}>
              {t.habits.action}
            </a>
            <a href="#skills" className={buttonClass('quiet')}>
              {t.calibration.action}
            </a>
          </>
        )
      }
    >
      {() =>
        metrics.data && reviews.data && profile.data && metrics.data.totals.answers > 0 ? (
          <PerformanceInsights
            metrics={metrics.data}
            days={days}
            reviews={reviews.data}
            profile={profile.data}
            {...(catalogue.data ? { catalogue: catalogue.data } : {})}
            window={choice}
          />
        ) : (
          cold
        )
      }
    </QueryCard>
  );
}
