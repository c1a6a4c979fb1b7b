// Names of what is cached. Everything of a learner starts with their id, so
// that it can be dropped as one.
export const keys = {
  caller: ['caller'] as const,
  catalogue: ['catalogue'] as const,
  learners: ['learners'] as const,
  coached: ['coached'] as const,
  learner: (user: string) => ['learner', user] as const,
  profile: (user: string) => ['learner', user, 'profile'] as const,
  recommendations: (user: string) => ['learner', user, 'recommendations'] as const,
  explanation: (user: string, id: number) =>
    ['learner', user, 'explanation', id] as const,
  path: (user: string) => ['learner', user, 'path'] as const,
  analytics: (user: string, days: number) =>
    ['learner', user, 'analytics', days] as const,
  predictions: (user: string, asked: string) =>
    ['learner', user, 'predictions', asked] as const,
  reviews: (user: string) => ['learner', user, 'reviews'] as const,
  profiling: (user: string) => ['learner', user, 'profiling'] as const,
  concept: (user: string, concept: string) =>
    ['learner', user, 'concept', concept] as const,
  answers: (user: string, concept: string) =>
    ['learner', user, 'answers', concept] as const,
};

/** What each kind of news from the stream makes out of date. */
export type News = 'profile' | 'path' | 'recommendations' | 'erased' | 'reset';

const touched: Record<'profile' | 'path' | 'recommendations', string[]> = {
  profile: [
    'profile',
    'analytics',
    'predictions',
    'reviews',
    'concept',
    'answers',
    'profiling',
  ],
  path: ['path'],
  recommendations: ['recommendations'],
};

/** Key prefixes to ask for anew. */
export function touchedBy(user: string, news: News): (readonly string[])[] {
  if (news === 'erased' || news === 'reset') return [keys.learner(user)];
  return touched[news].map((part) => ['learner', user, part]);
}

export function isNews(word: string): word is News {
  return ['profile', 'path', 'recommendations', 'erased', 'reset'].includes(word);
}
