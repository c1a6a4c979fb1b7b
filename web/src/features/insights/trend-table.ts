import { count, day, percent } from '@/lib/format';
import { en } from '@/strings/en';
import type { Column } from '@/ui/ChartFrame';
import type { Bucket } from './rules';

const t = en.insights.trend;

/** The trend as a table: every time at which something was done. */
export function tableOf(buckets: Bucket[], byDay: boolean): { columns: Column[]; rows: string[][] } {
  const none = en.insights.none;
  return {
    columns: [
      { name: byDay ? t.day : t.week },
      { name: t.minutes, numeric: true },
      { name: t.answers, numeric: true },
      { name: t.right, numeric: true },
      { name: t.likely, numeric: true },
      { name: t.mastery, numeric: true },
    ],
    rows: buckets
      .filter((one) => one.answers > 0 || one.minutes > 0 || one.mastery !== null)
      .map((one) => [
        day(one.date),
        count(Math.round(one.minutes)),
        count(one.answers),
        one.accuracy === null ? none : percent(one.accuracy),
        one.range ? en.insights.range(percent(one.range.low), percent(one.range.high)) : none,
        one.mastery === null ? none : percent(one.mastery),
      ]),
  };
}
