/** What a learner's page asks the engine first (a test compares). */
export function firstAsked(path: string): string[] {
  const user = /^\/learners\/([1-9]\d{0,12})\/?$/.exec(path)?.[1];
  if (!user) return [];
  return [
    `/api/users/${user}/recommendations?limit=5`,
    '/api/catalogue',
    `/api/users/${user}/profile`,
    '/api/caller',
  ];
}
