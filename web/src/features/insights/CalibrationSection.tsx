import type { ProgressAnalytics } from '@/api/types';
import { count, decimal, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { ChartFrame } from '@/ui/ChartFrame';
import { CalibrationChart } from './charts/CalibrationChart';
import { dotsOf, verdictOf } from './rules';

const t = en.insights.calibration;
const HEIGHT = 220;

/** How good what we predicted was, answer by answer. */
export function CalibrationSection({ metrics }: { metrics: ProgressAnalytics }) {
  const quality = metrics.calibration;
  const dots = dotsOf(quality);
  const verdict = verdictOf(quality);
  if (!dots.length) return <p className="text-soft">{t.tooFew(quality.n)}</p>;
  const summary =
    verdict === 'tooFew'
      ? t.tooFew(quality.n)
      : `${t[verdict]} ${t.figures(count(quality.n), decimal(100 * (quality.ece ?? 0), 0))}`;
  return (
    <ChartFrame
      title={t.chart}
      summary={summary}
      columns={[
        { name: t.predicted, numeric: true },
        { name: t.observed, numeric: true },
        { name: en.insights.trend.likely, numeric: true },
        { name: t.n, numeric: true },
      ]}
      rows={dots.map((dot) => [
        percent(dot.predicted),
        percent(dot.observed),
        dot.range
          ? en.insights.range(percent(dot.range.low), percent(dot.range.high))
          : en.insights.none,
        count(dot.n),
      ])}
      height={HEIGHT}
      legend={
        <>
          <span>╌ {t.diagonal}</span>
          <span>● {t.dot}</span>
        </>
      }
    >
      {(width) => <CalibrationChart dots={dots} width={width} height={HEIGHT} />}
    </ChartFrame>
  );
}
