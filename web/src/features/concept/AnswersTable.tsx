import { useNames } from '@/features/catalogue/get-catalogue';
import { day, percent, time } from '@/lib/format';
import { en } from '@/strings/en';
import type { AnswerLine, Outcome } from './rules';

function outcomeText(outcome: Outcome): string {
  const t = en.concept;
  switch (outcome.kind) {
    case 'answer':
      if (outcome.score >= 1) return `✓ ${t.right}`;
      return outcome.score <= 0 ? `✗ ${t.wrong}` : t.score(percent(outcome.score));
    case 'review':
      return t.review(outcome.rating);
    case 'score':
      return t.score(percent(outcome.score));
    case 'done':
      return t.done;
    case 'other':
      return t.other;
  }
}

export function AnswersTable({ lines }: { lines: AnswerLine[] }) {
  const names = useNames();
  const t = en.concept;
  return (
    <div className="max-h-96 overflow-auto" tabIndex={0} role="region" aria-label={t.list}>
      <table className="w-full text-sm">
        <thead className="sticky top-0 bg-surface text-start text-soft">
          <tr>
            {[t.when, t.what, t.result, t.foreseen].map((name) => (
              <th key={name} scope="col" className="py-1 pe-3 text-start font-normal">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.id} className="border-t border-line align-top">
              <td className="py-1.5 pe-3 whitespace-nowrap">
                {day(line.at)} {time(line.at)}
              </td>
              <td className="py-1.5 pe-3">
                {(line.content !== null && names.content(line.content)) || t.other}
              </td>
              <td className="py-1.5 pe-3">{outcomeText(line.outcome)}</td>
              <td className="py-1.5">
                {line.predicted === null ? '–' : percent(line.predicted)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
