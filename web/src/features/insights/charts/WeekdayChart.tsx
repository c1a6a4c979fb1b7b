import { scaleBand, scaleLinear } from '@visx/scale';
import { percent } from '@/lib/format';
import { Bottom, Left, MARGIN } from './axes';

interface Props {
  shares: { day: string; share: number }[];
  width: number;
  height: number;
}

export function WeekdayChart({ shares, width, height }: Props) {
  const right = width - MARGIN.right;
  const base = height - MARGIN.bottom;
  const x = scaleBand<string>({
    domain: shares.map((one) => one.day),
    range: [MARGIN.left, right],
    padding: 0.35,
  });
  const most = Math.max(0.2, ...shares.map((one) => one.share));
  const y = scaleLinear<number>({ domain: [0, most], range: [base, MARGIN.top] });
  return (
    <>
      <Left scale={y} at={MARGIN.left} to={right} values={[0, most / 2, most]} format={(v) => percent(Number(v))} />
      {shares.map(({ day, share }) => (
        <rect
          key={day}
          x={x(day)}
          width={x.bandwidth()}
          y={y(share)}
          height={base - y(share)}
          fill="var(--piq-accent)"
        />
      ))}
      <Bottom scale={x} at={base} values={shares.map((one) => one.day)} format={(day) => day.slice(0, 3)} />
    </>
  );
}
