// What settings accept.
import type { StatedMembers } from '@/api/types';

export const MOST_MINUTES = 960; // a day, as the contract bounds it
export const MOST_DAYS_OFF = 64;

/** Seven numbers from what was typed; null while one of them is none. */
export function minutesFrom(texts: string[]): number[] | null {
  const values = texts.map((text) => Number(text.trim() || 'x'));
  return values.every((x) => Number.isInteger(x) && x >= 0 && x <= MOST_MINUTES)
    ? values
    : null;
}

/** Days off with one more, in order, each once. */
export function withDay(days: string[], day: string): string[] {
  return [...new Set([...days, day])].sort().slice(0, MOST_DAYS_OFF);
}

/** Days that are not over. */
export function comingDays(stated: StatedMembers, today: string): string[] {
  return (stated.days_off ?? []).filter((day) => day >= today);
}

/** Whether what was typed confirms a deletion. */
export function confirms(typed: string, userId: string): boolean {
  return typed.trim() === userId;
}
