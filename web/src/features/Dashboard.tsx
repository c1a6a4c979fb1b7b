// The cards, in their order; the page and the package share it.
import { lazy, Suspense, type ReactNode } from 'react';
import { useLive } from '@/api/live-context';
import { useAfterPaint } from '@/lib/use-after-paint';
import { en } from '@/strings/en';
import { Boundary } from '@/ui/Boundary';
import { Skeleton } from '@/ui/states';
import { useCatalogue } from './catalogue/get-catalogue';
import { NextCard } from './next/NextCard';
import { useProfile } from './profile/get-profile';
import { useRecommendations } from './recommendations/api/get-recommendations';
import { RecommendationsCard } from './recommendations/RecommendationsCard';
import { SkillsCard } from './skills/SkillsCard';

// Below the fold, and not small.
const PathCard = lazy(async () => ({
  default: (await import('./path/PathCard')).PathCard,
}));
const GoalCard = lazy(async () => ({
  default: (await import('./goal/GoalCard')).GoalCard,
}));
const InsightsCard = lazy(() => import('./insights/InsightsCard'));
const SettingsCard = lazy(() => import('./settings/SettingsCard'));

const WHOLE = 'lg:col-span-12';

interface PlaceProps {
  className: string;
  /** Not yet: its code is not asked for either. */
  later?: boolean;
  children: ReactNode;
}

/** What breaks here, or is still on its way, leaves the others alone. */
function Place({ className, later = false, children }: PlaceProps) {
  const waiting = (
    <div className={className}>
      <Skeleton heights={['h-96 w-full']} />
    </div>
  );
  return (
    <Boundary className={className}>
      <Suspense fallback={waiting}>{later ? waiting : children}</Suspense>
    </Boundary>
  );
}

export function Dashboard() {
  const live = useLive();
  // On a slow line what is far below would delay what is wanted first.
  const first = [useRecommendations(), useProfile(), useCatalogue()];
  const later = !useAfterPaint(!first.some((query) => query.isPending));
  const half = 'lg:col-span-5';
  const more = 'lg:col-span-7';
  return (
    <div data-live={live} className="grid grid-cols-1 gap-4 lg:grid-cols-12">
      <Place className={WHOLE}>
        <NextCard className={WHOLE} />
      </Place>
      <Place className={half}>
        <RecommendationsCard className={half} />
      </Place>
      <Place className={more}>
        <SkillsCard className={more} />
      </Place>
      <Place className={more} later={later}>
        <PathCard className={more} />
      </Place>
      <Place className={half} later={later}>
        <GoalCard className={half} />
      </Place>
      <Place className={WHOLE} later={later}>
        <InsightsCard className={WHOLE} />
      </Place>
      <Place className={WHOLE} later={later}>
        <SettingsCard className={WHOLE} />
      </Place>
      <p className={`text-sm text-soft ${WHOLE}`}>{en.app[live]}</p>
    </div>
  );
}
