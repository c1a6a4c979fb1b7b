import type { Contribution } from '@/api/types';
import { decimal, signed } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import { barsOf } from './rules';

interface Props {
  score: number;
  baseline: number;
  contributions: Contribution[];
}

/** What a score is made of: each bar begins where the one before ends. The
 * table is the text of it. */
export function ScoreBars({ score, baseline, contributions }: Props) {
  const bars = barsOf(baseline, contributions);
  const ends = bars.flatMap((bar) => [bar.from, bar.to]);
  const low = Math.min(0, ...ends);
  const width = Math.max(...ends) - low || 1;
  const x = (value: number) => ((value - low) / width) * 100;
  const t = en.recommendations;
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">
        {t.explanation.sum(decimal(score, 2))}
      </caption>
      <thead className="sr-only">
        <tr>
          <th scope="col">{t.explanation.part}</th>
          <th scope="col">{t.explanation.adds}</th>
        </tr>
      </thead>
      <tbody>
        {bars.map((bar) => (
          <tr key={bar.term}>
            <th scope="row" className="py-0.5 pe-3 text-start font-normal">
              {t.terms[bar.term]}
              <svg
                aria-hidden="true"
                viewBox="0 0 100 4"
                preserveAspectRatio="none"
                className="h-1.5 w-full"
              >
                <rect width="100" height="4" className="fill-raised" />
                <rect
                  x={x(Math.min(bar.from, bar.to))}
                  width={Math.max(0.6, (Math.abs(bar.value) / width) * 100)}
                  height="4"
                  className={cx(
                    bar.term === 'baseline'
                      ? 'fill-edge'
                      : bar.value < 0
                        ? 'fill-warn'
                        : 'fill-accent',
                  )}
                />
              </svg>
            </th>
            <td className="w-14 py-0.5 text-end align-bottom">
              {bar.term === 'baseline'
                ? decimal(bar.value, 2)
                : signed(bar.value, 2)}
            </td>
          </tr>
        ))}
        <tr className="border-t border-line font-semibold">
          <th scope="row" className="pt-1 text-start">
            {t.explanation.score}
          </th>
          <td className="pt-1 text-end">{decimal(score, 2)}</td>
        </tr>
      </tbody>
    </table>
  );
}
