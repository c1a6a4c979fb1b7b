import { scaleLinear } from '@visx/scale';
import { LinePath } from '@visx/shape';
import { percent } from '@/lib/format';
import { Bottom, Left, MARGIN } from './axes';

interface Point {
  days: number;
  recall: number;
}

interface Props {
  points: Point[];
  wanted: number;
  width: number;
  height: number;
}

/** Mean recall if nothing were practised; dashed: what is wanted. */
export function RecallChart({ points, wanted, width, height }: Props) {
  const right = width - MARGIN.right - 8;
  const base = height - MARGIN.bottom;
  const last = points[points.length - 1]?.days ?? 30;
  const x = scaleLinear<number>({ domain: [0, last], range: [MARGIN.left, right] });
  const y = scaleLinear<number>({ domain: [0, 1], range: [base, MARGIN.top] });
  return (
    <>
      <Left scale={y} at={MARGIN.left} to={right} values={[0, 0.5, 1]} format={(v) => percent(Number(v))} />
      <line
        x1={MARGIN.left}
        x2={right}
        y1={y(wanted)}
        y2={y(wanted)}
        stroke="var(--piq-edge)"
        strokeDasharray="5 4"
      />
      <LinePath<Point>
        data={points}
        x={(one) => x(one.days)}
        y={(one) => y(one.recall)}
        stroke="var(--piq-accent)"
        strokeWidth={2}
      />
      <Bottom scale={x} at={base} values={[0, last / 3, (2 * last) / 3, last]} format={(v) => String(Math.round(Number(v)))} />
    </>
  );
}
