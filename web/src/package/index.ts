// @pokeriq/dashboard
import '@/styles/theme.css';

export { createClient, type Client, type ClientOptions } from '@/api/client';
export {
  PersonalizationProvider,
  type OpenedContent,
} from '@/api/context';
export { ApiError } from '@/api/errors';
export type * from '@/api/types';
export type { components, paths } from '@/api/schema';
export {
  RecommendedContent,
  type RecommendationActions,
  type RecommendedContentProps,
} from '@/features/recommendations/RecommendedContent';
export {
  SkillProgressOverview,
  type SkillProgressOverviewProps,
} from '@/features/skills/SkillProgressOverview';
export { GoalTracker, type GoalTrackerProps } from '@/features/goal/GoalTracker';
export {
  PerformanceInsights,
  type PerformanceInsightsProps,
} from '@/features/insights/PerformanceInsights';
export {
  LearningPathVisualization,
  type LearningPathVisualizationProps,
} from '@/features/path/LearningPathVisualization';
export { Frame } from './Frame';
export {
  PersonalizedDashboard,
  type PersonalizedDashboardProps,
} from './PersonalizedDashboard';
export {
  usePersonalization,
  type PersonalizationData,
  type UsePersonalizationOptions,
} from './use-personalization';
