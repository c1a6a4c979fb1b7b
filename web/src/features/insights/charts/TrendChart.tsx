import { scaleBand, scaleLinear } from '@visx/scale';
import { AreaClosed, LinePath } from '@visx/shape';
import { percent } from '@/lib/format';
import { isDrawn, type Bucket, type Interval } from '../rules';
import { Bottom, Left, MARGIN, shortDay, spaced } from './axes';

interface Props {
  buckets: Bucket[];
  measure: 'accuracy' | 'mastery';
  /** Of today's mastery, drawn at the newest value. */
  now: Interval | null;
  width: number;
  height: number;
}

const BARS = 64; // height of the practice below

interface Mark {
  date: string;
  value: number;
  range: Interval | null;
}

function marksOf({ buckets, measure, now }: Props): Mark[] {
  const marks: Mark[] = [];
  for (const bucket of buckets) {
    const value = measure === 'accuracy' ? bucket.accuracy : bucket.mastery;
    if (value !== null && isDrawn(bucket, measure))
      marks.push({
        date: bucket.date,
        value,
        range: measure === 'accuracy' ? bucket.range : null,
      });
  }
  const last = marks[marks.length - 1];
  if (measure === 'mastery' && last) last.range = now;
  return marks;
}

/** A measure over time, its likely range as a band, and practice below on the
 * same days. */
export function TrendChart(props: Props) {
  const { buckets, measure, width, height } = props;
  const marks = marksOf(props);
  const right = width - MARGIN.right;
  const split = height - MARGIN.bottom - BARS;
  const x = scaleBand<string>({
    domain: buckets.map((one) => one.date),
    range: [MARGIN.left, right],
    padding: 0.25,
  });
  const y = scaleLinear<number>({ domain: [0, 1], range: [split - 22, MARGIN.top] });
  const most = Math.max(10, ...buckets.map((one) => one.minutes));
  const bar = scaleLinear<number>({
    domain: [0, most],
    range: [height - MARGIN.bottom, split],
    nice: true,
  });
  const middle = (date: string) => (x(date) ?? 0) + x.bandwidth() / 2;
  const banded = marks.filter((one) => one.range !== null);
  const room = Math.max(2, Math.floor((right - MARGIN.left) / 56));
  return (
    <>
      <Left scale={y} at={MARGIN.left} to={right} values={[0, 0.5, 1]} format={(v) => percent(Number(v))} />
      {measure === 'accuracy' && banded.length > 1 && (
        <AreaClosed<Mark>
          data={banded}
          x={(one) => middle(one.date)}
          y0={(one) => y(one.range?.low ?? 0)}
          y1={(one) => y(one.range?.high ?? 0)}
          yScale={y}
          fill="var(--piq-range)"
          fillOpacity={0.45}
        />
      )}
      {banded.map((one) => (
        <line
          key={one.date}
          x1={middle(one.date)}
          x2={middle(one.date)}
          y1={y(one.range?.low ?? 0)}
          y2={y(one.range?.high ?? 0)}
          stroke="var(--piq-range)"
          strokeWidth={3}
        />
      ))}
      <LinePath<Mark>
        data={marks}
        x={(one) => middle(one.date)}
        y={(one) => y(one.value)}
        stroke="var(--piq-accent)"
        strokeWidth={2}
      />
      {marks.map((one) => (
        <circle
          key={one.date}
          cx={middle(one.date)}
          cy={y(one.value)}
          r={3.5}
          fill="var(--piq-surface)"
          stroke="var(--piq-accent)"
          strokeWidth={2}
        />
      ))}
      <Left
        scale={bar}
        at={MARGIN.left}
        to={right}
        values={[0, bar.domain()[1] ?? most]}
        format={(v) => `${Number(v)} min`}
      />
      {buckets.map((one) => (
        <rect
          key={one.date}
          x={x(one.date)}
          width={x.bandwidth()}
          y={bar(one.minutes)}
          height={Math.max(0, height - MARGIN.bottom - bar(one.minutes))}
          fill="var(--piq-edge)"
        />
      ))}
      <Bottom
        scale={x}
        at={height - MARGIN.bottom}
        values={spaced(buckets.map((one) => one.date), room)}
        format={shortDay}
      />
    </>
  );
}
