// Axes in the page's type and colours.
import { AxisBottom, AxisLeft } from '@visx/axis';
import type { AxisScale } from '@visx/axis';
import type { ScaleInput } from '@visx/scale';

const text = { fill: 'var(--piq-soft)', fontSize: 12, fontFamily: 'inherit' };

export interface Margin {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export const MARGIN: Margin = { top: 8, right: 12, bottom: 24, left: 56 };

interface Props<S extends AxisScale> {
  scale: S;
  at: number;
  values: ScaleInput<S>[];
  format: (value: ScaleInput<S>) => string;
}

export function Bottom<S extends AxisScale>({ scale, at, values, format }: Props<S>) {
  return (
    <AxisBottom
      scale={scale}
      top={at}
      tickValues={values}
      tickFormat={(value) => format(value)}
      stroke="var(--piq-edge)"
      hideTicks
      tickLength={4}
      tickLabelProps={{ ...text, textAnchor: 'middle', dy: 4 }}
    />
  );
}

interface LeftProps<S extends AxisScale> extends Props<S> {
  /** Where the lines across end. */
  to: number;
}

export function Left<S extends AxisScale>({ scale, at, to, values, format }: LeftProps<S>) {
  return (
    <>
      {values.map((value) => {
        const y = Number(scale(value));
        return (
          <line
            key={String(value)}
            x1={at}
            x2={to}
            y1={y}
            y2={y}
            stroke="var(--piq-line)"
          />
        );
      })}
      <AxisLeft
        scale={scale}
        left={at}
        tickValues={values}
        tickFormat={(value) => format(value)}
        hideAxisLine
        hideTicks
        tickLength={4}
        tickLabelProps={{ ...text, textAnchor: 'end', dx: -2, dy: 4 }}
      />
    </>
  );
}

/** Of many, the first, the last and evenly between as many as there is room. */
export function spaced<T>(all: T[], most: number): T[] {
  if (all.length <= most) return all;
  const step = Math.ceil(all.length / most);
  return all.filter((_, i) => i % step === 0);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "2026-11-24" -> "24 Nov". */
export function shortDay(iso: string): string {
  return `${Number(iso.slice(8, 10))} ${MONTHS[Number(iso.slice(5, 7)) - 1] ?? ''}`;
}
