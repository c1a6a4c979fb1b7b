import { scaleBand, scaleLinear } from '@visx/scale';
import type { DueBar } from '../rules';
import { Bottom, Left, MARGIN, shortDay, spaced } from './axes';

interface Props {
  bars: DueBar[];
  width: number;
  height: number;
}

/** Planned reviews by day, what is left over hatched on top, and where each
 * day's own lie: told by shape, not by colour. */
export function DueChart({ bars, width, height }: Props) {
  const right = width - MARGIN.right;
  const base = height - MARGIN.bottom;
  const x = scaleBand<string>({
    domain: bars.map((one) => one.date),
    range: [MARGIN.left, right],
    padding: 0.3,
  });
  const most = Math.max(4, ...bars.map((one) => Math.max(one.due, one.planned + one.waiting)));
  const y = scaleLinear<number>({ domain: [0, most], range: [base, MARGIN.top], nice: true });
  const top = y.domain()[1] ?? most;
  const room = Math.max(2, Math.floor((right - MARGIN.left) / 56));
  return (
    <>
      <defs>
        <pattern id="piq-waiting" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="6" fill="var(--piq-warn)" />
        </pattern>
      </defs>
      <Left
        scale={y}
        at={MARGIN.left}
        to={right}
        values={[0, Math.round(top / 2), top]}
        format={(v) => String(v)}
      />
      {bars.map((one) => {
        const left = x(one.date) ?? 0;
        const wide = x.bandwidth();
        return (
          <g key={one.date}>
            <rect x={left} width={wide} y={y(one.planned)} height={base - y(one.planned)} fill="var(--piq-accent)" />
            {one.waiting > 0 && (
              <rect
                x={left}
                width={wide}
                y={y(one.planned + one.waiting)}
                height={y(one.planned) - y(one.planned + one.waiting)}
                fill="url(#piq-waiting)"
                stroke="var(--piq-warn)"
              />
            )}
            {one.due > 0 && (
              <line
                x1={left - 2}
                x2={left + wide + 2}
                y1={y(one.due)}
                y2={y(one.due)}
                stroke="var(--piq-ink)"
                strokeWidth={2}
              />
            )}
          </g>
        );
      })}
      <Bottom scale={x} at={base} values={spaced(bars.map((one) => one.date), room)} format={shortDay} />
    </>
  );
}
