// Recorded events as lines of a table.
import type { RecordedEvent } from '@/api/types';

export type Outcome =
  | { kind: 'answer'; score: number }
  | { kind: 'review'; rating: number }
  | { kind: 'score'; score: number }
  | { kind: 'done' }
  | { kind: 'other' };

export interface AnswerLine {
  id: string;
  at: string;
  type: string;
  content: number | null;
  outcome: Outcome;
  /** The chance of success as it was foreseen, before the answer. */
  predicted: number | null;
}

function numberOf(event: object, name: string): number | null {
  const value: unknown = Reflect.get(event, name);
  return typeof value === 'number' ? value : null;
}

function outcomeOf(type: string, event: object): Outcome {
  const score = numberOf(event, 'score');
  const correct: unknown = Reflect.get(event, 'correct');
  const rating = numberOf(event, 'rating');
  if (type === 'answer')
    return { kind: 'answer', score: score ?? (correct === true ? 1 : 0) };
  if (type === 'review' && rating !== null) return { kind: 'review', rating };
  if (score !== null) return { kind: 'score', score };
  return type === 'content_completed' ? { kind: 'done' } : { kind: 'other' };
}

export function lineOf({ event, predicted }: RecordedEvent): AnswerLine {
  return {
    id: event.event_id,
    at: event.at,
    type: event.type,
    content: numberOf(event, 'content'),
    outcome: outcomeOf(event.type, event),
    predicted,
  };
}
