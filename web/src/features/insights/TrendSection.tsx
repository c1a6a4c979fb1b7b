import { useDeferredValue } from 'react';
import type { Catalogue, PersonalizationProfile, ProgressAnalytics } from '@/api/types';
import { namesOf } from '@/features/catalogue/get-catalogue';
import { useChoice, useFilter } from '@/lib/filters';
import { minutes, percent } from '@/lib/format';
import { en } from '@/strings/en';
import { ChartFrame } from '@/ui/ChartFrame';
import { Segmented } from '@/ui/Segmented';
import { Message } from '@/ui/states';
import { TrendChart } from './charts/TrendChart';
import { tableOf } from './trend-table';
import {
  bucketsOf,
  directionOf,
  isDrawn,
  LEAST_DRAWN,
  type Bucket,
  type Interval,
} from './rules';

const t = en.insights.trend;
const HEIGHT = 260;
const MEASURES = ['accuracy', 'mastery'] as const;
const SHORT_DAYS = 31; // windows up to this are drawn by day

export type Measure = 'accuracy' | 'mastery';

interface Props {
  metrics: ProgressAnalytics;
  profile?: PersonalizationProfile;
  catalogue?: Catalogue;
  days: number;
}

function summaryOf(
  props: Props,
  measure: Measure,
  area: string | null,
  buckets: Bucket[],
  now: Interval | null,
): string {
  const { metrics, profile } = props;
  const { window } = metrics;
  const said: string[] = [];
  const { accuracy, accuracy_low, accuracy_high } = window;
  if (measure === 'accuracy' && accuracy !== null) {
    said.push(
      t.accuracyLine(percent(accuracy), percent(accuracy_low ?? 0), percent(accuracy_high ?? 1)),
    );
  }
  if (
    measure === 'accuracy' &&
    buckets.some((one) => one.answers > 0 && !isDrawn(one, measure))
  )
    said.push(t.few(LEAST_DRAWN));
  if (measure === 'mastery') {
    const values = buckets.flatMap((one) => (one.mastery === null ? [] : [one.mastery]));
    const [first, last] = [values[0], values[values.length - 1]];
    if (first !== undefined && last !== undefined)
      said.push(t.masteryLine(percent(first), percent(last)));
    if (now) said.push(t.masteryRange(percent(now.low), percent(now.high)));
    if (profile && area !== null) said.push(t.direction[directionOf(profile, area)]);
  }
  said.push(t.volume(minutes(window.minutes), window.active_days));
  return said.join(' ');
}

/** How it went beside how much was practised. */
export function TrendSection(props: Props) {
  const { metrics, profile, catalogue, days } = props;
  const [chosen, setMeasure] = useChoice<Measure>('trend', MEASURES);
  const measure = useDeferredValue(chosen);
  const [asked, setArea] = useFilter('area');
  const area = metrics.trends.some((one) => one.area === asked) ? asked : null;
  const names = namesOf(catalogue);
  const byDay = days <= SHORT_DAYS;
  const buckets = bucketsOf(metrics, byDay ? 'day' : 'week', area);
  const level = area === null ? undefined : profile?.skillProfile.current_levels[area];
  const now =
    level && level.mastery_low !== null && level.mastery_high !== null
      ? { low: level.mastery_low, high: level.mastery_high }
      : null;
  if (!metrics.window.answers && !metrics.window.minutes)
    return <Message title={t.nothing}>{t.nothingHelp}</Message>;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap gap-3">
        <Segmented
          label={t.measure}
          values={MEASURES}
          nameOf={(one) => t[one]}
          value={chosen}
          onChange={setMeasure}
        />
        {measure === 'mastery' && (
          <select
            aria-label={t.area}
            value={area ?? ''}
            onChange={(event) => setArea(event.target.value || null)}
            className="min-h-8 rounded-control border border-edge bg-surface px-2 text-sm"
          >
            <option value="">{t.allAreas}</option>
            {metrics.trends.map((one) => (
              <option key={one.area} value={one.area}>
                {names.area(one.area)}
              </option>
            ))}
          </select>
        )}
      </div>
      <ChartFrame
        title={t.chart(t[measure])}
        summary={summaryOf(props, measure, area, buckets, now)}
        {...tableOf(buckets, byDay)}
        height={HEIGHT}
        legend={
          <>
            <span>○─ {t.legend.line}</span>
            {(measure === 'accuracy' || now) && <span>▒ {t.legend.band}</span>}
            <span>▮ {t.legend.bars}</span>
          </>
        }
      >
        {(width) => (
          <TrendChart buckets={buckets} measure={measure} now={now} width={width} height={HEIGHT} />
        )}
      </ChartFrame>
    </div>
  );
}
