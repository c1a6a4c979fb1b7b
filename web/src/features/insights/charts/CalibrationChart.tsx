import { scaleLinear, scaleSqrt } from '@visx/scale';
import { percent } from '@/lib/format';
import type { Dot } from '../rules';
import { Bottom, Left, MARGIN } from './axes';

interface Props {
  dots: Dot[];
  width: number;
  height: number;
}

const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** What was predicted against what came of it; on the line they agree. */
export function CalibrationChart({ dots, width, height }: Props) {
  const right = width - MARGIN.right;
  const base = height - MARGIN.bottom;
  const x = scaleLinear<number>({ domain: [0, 1], range: [MARGIN.left, right - 16] });
  const y = scaleLinear<number>({ domain: [0, 1], range: [base, MARGIN.top + 4] });
  const most = Math.max(1, ...dots.map((dot) => dot.n));
  const r = scaleSqrt<number>({ domain: [0, most], range: [3, 11] });
  return (
    <>
      <Left scale={y} at={MARGIN.left} to={right} values={TICKS} format={(v) => percent(Number(v))} />
      <line
        x1={x(0)}
        y1={y(0)}
        x2={x(1)}
        y2={y(1)}
        stroke="var(--piq-edge)"
        strokeDasharray="5 4"
      />
      {dots.map((dot) => (
        <g key={dot.predicted}>
          {dot.range && (
            <line
              x1={x(dot.predicted)}
              x2={x(dot.predicted)}
              y1={y(dot.range.low)}
              y2={y(dot.range.high)}
              stroke="var(--piq-range)"
              strokeWidth={3}
            />
          )}
          <circle
            cx={x(dot.predicted)}
            cy={y(dot.observed)}
            r={r(dot.n)}
            fill="var(--piq-accent)"
            fillOpacity={0.85}
            stroke="var(--piq-surface)"
          />
        </g>
      ))}
      <Bottom scale={x} at={base} values={TICKS} format={(v) => percent(Number(v))} />
    </>
  );
}
