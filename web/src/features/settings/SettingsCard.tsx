import { useWho } from '@/api/context';
import { QueryCard } from '@/features/card/QueryCard';
import { useProfile } from '@/features/profile/get-profile';
import { en } from '@/strings/en';
import { buttonClass } from '@/ui/Button';
import { Message } from '@/ui/states';
import { DaysOff } from './DaysOff';
import { PaceSettings } from './PaceSettings';
import { EraseLearner, ExportData, PauseProfiling } from './Privacy';
import { Reminders } from './Reminders';
import { Section } from './Section';

function HowItWorks() {
  const t = en.settings.how;
  return (
    <details className="border-t border-line pt-3">
      <summary className="min-h-6 font-semibold">{t.title}</summary>
      <div className="mt-2 flex max-w-prose flex-col gap-2">
        {t.text.map((text) => (
          <p key={text}>{text}</p>
        ))}
      </div>
    </details>
  );
}

function Correct() {
  const t = en.settings.correct;
  return (
    <Section title={t.title} help={t.help}>
      <div>
        <a href="#skills" className={buttonClass('plain')}>
          {t.open}
        </a>
      </div>
    </Section>
  );
}

/** What the learner decides; a coach has nothing to decide here. */
export default function SettingsCard({ className }: { className?: string }) {
  const { readOnly } = useWho();
  const profile = useProfile();
  if (readOnly) return null;
  return (
    <QueryCard
      title={en.settings.title}
      id="settings"
      className={className}
      queries={[profile]}
      skeleton={['h-72 w-full']}
      cold={<Message title={en.skills.cold}>{en.skills.coldHelp}</Message>}
    >
      {() =>
        profile.data && (
          <div className="grid grid-cols-1 gap-x-10 gap-y-4 lg:grid-cols-2">
            <div className="flex flex-col gap-4">
              <PaceSettings profile={profile.data} />
              <DaysOff profile={profile.data} />
              <Correct />
            </div>
            <div className="flex flex-col gap-4">
              <Reminders />
              <PauseProfiling />
              <ExportData />
              <EraseLearner />
              <HowItWorks />
            </div>
          </div>
        )
      }
    </QueryCard>
  );
}
