import type { ProgressAnalytics, ReviewQueue } from '@/api/types';
import { count, day, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { ChartFrame } from '@/ui/ChartFrame';
import { Message } from '@/ui/states';
import { DueChart } from './charts/DueChart';
import { RecallChart } from './charts/RecallChart';
import { dueBars } from './rules';

const t = en.insights.reviews;

interface Props {
  metrics: ProgressAnalytics;
  reviews: ReviewQueue;
}

function dueText({ reviews }: Props): string {
  const said = [t.due(reviews.due) + (reviews.overdue ? `; ${t.overdue(reviews.overdue)}.` : '.')];
  if (reviews.days.some((one) => one.waiting > 0))
    said.push(
      reviews.backlog_cleared ? t.cleared(day(reviews.backlog_cleared)) : t.notCleared,
    );
  return said.join(' ');
}

function DueIn14Days(props: Props) {
  const bars = dueBars(props.reviews);
  return (
    <ChartFrame
      title={t.chart}
      summary={dueText(props)}
      columns={[
        { name: t.day },
        { name: t.planned, numeric: true },
        { name: t.fallsDue, numeric: true },
        { name: t.waiting, numeric: true },
      ]}
      rows={bars.map((one) => [
        day(one.date) + (one.off ? ` (${t.off})` : ''),
        count(one.planned),
        count(one.due),
        count(one.waiting),
      ])}
      height={170}
      legend={
        <>
          <span>▮ {t.legend.planned}</span>
          <span>▨ {t.legend.waiting}</span>
          <span>━ {t.legend.due}</span>
        </>
      }
    >
      {(width) => <DueChart bars={bars} width={width} height={170} />}
    </ChartFrame>
  );
}

function Recall({ metrics }: Props) {
  const { mean_recall, wanted, without_practice } = metrics.retention;
  const points = without_practice.flatMap((one) =>
    one.mean_recall === null ? [] : [{ days: one.days, recall: one.mean_recall }],
  );
  const month = points.find((one) => one.days === 30);
  if (mean_recall === null || points.length < 2) return null;
  const summary = [t.recall(percent(mean_recall), percent(wanted))];
  if (month) summary.push(t.without(month.days, percent(month.recall)));
  return (
    <ChartFrame
      title={t.curve}
      summary={summary.join(' ')}
      columns={[
        { name: t.curveDays, numeric: true },
        { name: t.curveRecall, numeric: true },
        { name: t.below, numeric: true },
      ]}
      rows={without_practice.map((one) => [
        count(one.days),
        one.mean_recall === null ? en.insights.none : percent(one.mean_recall),
        count(one.below_wanted),
      ])}
      height={150}
      legend={<span>{t.curveDays}</span>}
    >
      {(width) => <RecallChart points={points} wanted={wanted} width={width} height={150} />}
    </ChartFrame>
  );
}

/** What is remembered, and which reviews come. */
export function ReviewsSection(props: Props) {
  if (!props.reviews.practised) return <Message title={t.cold} />;
  return (
    <div className="flex flex-col gap-5">
      <DueIn14Days {...props} />
      <Recall {...props} />
    </div>
  );
}
