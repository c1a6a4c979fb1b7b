// The cards, in their order; the page and the package share it.
import { lazy, Suspense } from 'react';
import { useLive } from '@/api/live-context';
import { Boundary } from '@/ui/Boundary';
import { Skeleton } from '@/ui/states';
import { NextCard } from './next/NextCard';
import { RecommendationsCard } from './recommendations/RecommendationsCard';
import { SkillsCard } from './skills/SkillsCard';

// Below the fold, and not small: after the first paint.
const PathCard = lazy(async () => ({
  default: (await import('./path/PathCard')).PathCard,
}));
const GoalCard = lazy(async () => ({
  default: (await import('./goal/GoalCard')).GoalCard,
}));
const InsightsCard = lazy(() => import('./insights/InsightsCard'));
const SettingsCard = lazy(() => import('./settings/SettingsCard'));

export function Dashboard() {
  const live = useLive();
  return (
    <div
      data-live={live}
      className="grid grid-cols-1 gap-4 lg:grid-cols-12"
    >
      <NextCard className="lg:col-span-12" />
      <RecommendationsCard className="lg:col-span-5" />
      <SkillsCard className="lg:col-span-7" />
      <Boundary className="lg:col-span-12">
        <Suspense fallback={<Waiting />}>
        <PathCard className="lg:col-span-7" />
        <GoalCard className="lg:col-span-5" />
      </Suspense>
      </Boundary>
      <Boundary className="lg:col-span-12">
        <Suspense fallback={<Waiting />}>
        <InsightsCard className="lg:col-span-12" />
      </Suspense>
      </Boundary>
      <Boundary className="lg:col-span-12">
        <Suspense fallback={<Waiting />}>
        <SettingsCard className="lg:col-span-12" />
      </Suspense>
      </Boundary>
    </div>
  );
}

/** In place of a card whose code is still on its way. */
function Waiting() {
  return (
    <div className="lg:col-span-12">
      <Skeleton heights={['h-96 w-full']} />
    </div>
  );
}
