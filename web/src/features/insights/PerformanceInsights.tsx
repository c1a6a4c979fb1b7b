import type { ReactNode } from 'react';
import type {
  Catalogue,
  PersonalizationProfile,
  ProgressAnalytics,
  ReviewQueue,
} from '@/api/types';
import { en } from '@/strings/en';
import { CalibrationSection } from './CalibrationSection';
import { HabitsSection } from './HabitsSection';
import { ReviewsSection } from './ReviewsSection';
import { TrendSection } from './TrendSection';

const t = en.insights;

export interface PerformanceInsightsProps {
  metrics: ProgressAnalytics;
  /** Days that `metrics` is asked for. */
  days?: number;
  profile?: PersonalizationProfile;
  reviews?: ReviewQueue;
  catalogue?: Catalogue;
  /** Beside the heading of the trend: the choice of its window. */
  window?: ReactNode;
}

function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 className="text-base">{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** How it goes: trend beside practice, memory, habits, and how good our
 * predictions were. */
export function PerformanceInsights(props: PerformanceInsightsProps) {
  const { metrics, profile, reviews, catalogue, window, days = 30 } = props;
  return (
    <div className="grid min-w-0 grid-cols-1 gap-x-8 gap-y-6 lg:grid-cols-2">
      <Part title={t.trend.title} aside={window}>
        <TrendSection
          metrics={metrics}
          days={days}
          {...(profile ? { profile } : {})}
          {...(catalogue ? { catalogue } : {})}
        />
      </Part>
      {reviews && (
        <Part title={t.reviews.title}>
          <ReviewsSection metrics={metrics} reviews={reviews} />
        </Part>
      )}
      {profile && (
        <Part title={t.habits.title}>
          <HabitsSection profile={profile} />
        </Part>
      )}
      <Part title={t.calibration.title}>
        <CalibrationSection metrics={metrics} />
      </Part>
    </div>
  );
}
