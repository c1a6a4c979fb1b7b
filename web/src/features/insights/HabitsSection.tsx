import type { PersonalizationProfile } from '@/api/types';
import { percent, points } from '@/lib/format';
import { en } from '@/strings/en';
import { ChartFrame } from '@/ui/ChartFrame';
import { WeekdayChart } from './charts/WeekdayChart';
import { formatClaims, hourClaims } from './rules';

const t = en.insights.habits;
const WEEKDAYS = [
  'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday',
] as const;

interface Claim {
  name: string;
  effect: number;
  low: number;
  high: number;
  n: number;
}

function Claims({ claims }: { claims: Claim[] }) {
  return (
    <ul className="flex flex-col gap-1">
      {claims.map((one) => (
        <li key={one.name}>
          <span className="font-semibold">{one.name}</span>:{' '}
          {t.effect(points(one.effect), points(one.low), points(one.high), one.n)}
        </li>
      ))}
    </ul>
  );
}

function Weekdays({ profile }: { profile: PersonalizationProfile }) {
  const pattern = profile.behavioralMetrics.engagement_patterns.find(
    (one) => one.pattern === 'active_weekdays',
  );
  const of = pattern?.share_of_answers;
  if (!of) return <p className="text-soft">{t.noWeekdays}</p>;
  const shares = WEEKDAYS.map((key) => ({ day: t.names7[key], share: of[key] ?? 0 }));
  const most = shares.reduce((a, b) => (b.share > a.share ? b : a));
  return (
    <ChartFrame
      title={t.weekdays}
      summary={t.most(most.day, percent(most.share))}
      columns={[{ name: t.weekday }, { name: t.share, numeric: true }]}
      rows={shares.map((one) => [one.day, percent(one.share)])}
      height={120}
    >
      {(width) => <WeekdayChart shares={shares} width={width} height={120} />}
    </ChartFrame>
  );
}

/** Study times and formats: only what the evidence carries. */
export function HabitsSection({ profile }: { profile: PersonalizationProfile }) {
  const hours = hourClaims(profile);
  const formats = formatClaims(profile);
  const { optimal_study_times, preferred_content_type } = profile.evidence;
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-col gap-1">
        <h4 className="text-sm">{t.times}</h4>
        {hours.length ? (
          <Claims claims={hours.map((one) => ({ ...one, name: t.slot(one.from, one.to) }))} />
        ) : (
          <>
            <p>{t.noTime}</p>
            {optimal_study_times.status !== 'enough' && (
              <p className="text-sm text-soft">{t.why(optimal_study_times.status)}</p>
            )}
          </>
        )}
      </div>
      <div className="flex flex-col gap-1">
        <h4 className="text-sm">{t.formats}</h4>
        {formats.length ? (
          <>
            <Claims claims={formats.map((one) => ({ ...one, name: t.names[one.format] }))} />
            <p className="text-sm text-soft">{t.still}</p>
          </>
        ) : (
          <>
            <p>{t.noFormat}</p>
            {preferred_content_type.status !== 'enough' && (
              <p className="text-sm text-soft">{t.why(preferred_content_type.status)}</p>
            )}
          </>
        )}
      </div>
      <div className="flex flex-col gap-1">
        <h4 className="text-sm">{t.weekdays}</h4>
        <Weekdays profile={profile} />
      </div>
    </div>
  );
}
