export const skills = {
  title: 'Skills',
  mastered: (n: number, all: number) => `${n} of ${all} mastered`,
  likely: (value: string, low: string, high: string) =>
    `${value}, likely ${low} to ${high}`,
  range: (low: string, high: string) => `likely ${low}–${high}`,
  notEnough: 'Not enough data yet',
  answers: (n: string) => `${n} answers`,
  oneAnswer: '1 answer',
  sinceVisit: (when: string) => `since your visit ${when}`,
  inFourWeeks: 'in four weeks',
  steady: 'steady',
  up: (points: string) => `up ${points}`,
  down: (points: string) => `down ${points}`,
  concepts: 'Skills in it',
  isMastered: 'mastered',
  weak: 'Weak spot',
  how: 'Bar: likely range (90 %). Mark: best estimate. Levels follow the estimate.',
  practise: (name: string) => `Look into ${name}`,
  cold: 'Your skills appear here',
  coldHelp:
    'Each answer moves an estimate. Until there are enough of them, no level is claimed.',
};
