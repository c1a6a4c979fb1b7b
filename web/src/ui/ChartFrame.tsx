import { useId, useState, type ReactNode } from 'react';
import { en } from '@/strings/en';
import { useWidth } from './use-width';

export interface Column {
  name: string;
  numeric?: boolean;
}

interface Props {
  title: string;
  /** What the picture says, in words. */
  summary: string;
  columns: Column[];
  rows: string[][];
  height: number;
  legend?: ReactNode;
  /** Draws it into a box of this width. */
  children: (width: number) => ReactNode;
}

function Table({ title, columns, rows }: Pick<Props, 'title' | 'columns' | 'rows'>) {
  return (
    <div
      className="max-h-72 overflow-auto rounded-control border border-line"
      role="region"
      aria-label={title}
      tabIndex={0}
    >
      <table className="w-full text-sm">
        <thead className="sticky top-0 bg-raised">
          <tr>
            {columns.map((one) => (
              <th
                key={one.name}
                scope="col"
                className={`px-2 py-1.5 font-semibold ${one.numeric ? 'text-end' : 'text-start'}`}
              >
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row[0]} className="border-t border-line">
              {row.map((cell, i) => (
                <td
                  key={columns[i]?.name ?? i}
                  className={`px-2 py-1 ${columns[i]?.numeric ? 'text-end' : ''}`}
                >
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A chart with its words and, a button away, its table. */
export function ChartFrame(props: Props) {
  const { title, summary, columns, rows, height, legend, children } = props;
  const [asTable, setAsTable] = useState(false);
  const [box, width] = useWidth<HTMLDivElement>();
  const said = useId();
  return (
    <figure className="flex min-w-0 flex-col gap-2">
      <figcaption id={said} className="max-w-prose">
        {summary}
      </figcaption>
      <div ref={box} className="min-w-0">
        {asTable ? (
          <Table title={title} columns={columns} rows={rows} />
        ) : (
          <svg
            role="img"
            aria-label={title}
            aria-describedby={said}
            width="100%"
            height={height}
            viewBox={`0 0 ${width} ${height}`}
          >
            {children(width)}
          </svg>
        )}
      </div>
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 text-sm text-soft">
        <div className="flex flex-wrap gap-x-4 gap-y-1">{!asTable && legend}</div>
        <button
          type="button"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
          className="min-h-6 rounded px-1 text-accent underline underline-offset-2"
        >
          {asTable ? en.insights.chart.picture : en.insights.chart.table}
        </button>
      </div>
    </figure>
  );
}
