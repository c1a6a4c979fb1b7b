// Every word that a learner reads, but for what the engine itself says. One
// file a card, so that a translation is one folder.
import { app } from './en/app';
import { card } from './en/card';
import { coach } from './en/coach';
import { concept } from './en/concept';
import { goal } from './en/goal';
import { insights } from './en/insights';
import { next } from './en/next';
import { path } from './en/path';
import { recommendations } from './en/recommendations';
import { settings } from './en/settings';
import { skills } from './en/skills';

export const en = {
  ...card,
  app,
  coach,
  concept,
  goal,
  insights,
  next,
  path,
  recommendations,
  settings,
  skills,
} as const;
