import { useEffect, useState } from 'react';
import { useWho } from '@/api/context';
import { useAnalytics } from '@/features/insights/api/get-analytics';
import { en } from '@/strings/en';
import { Switch } from '@/ui/Switch';
import { Section } from './Section';

const DAYS = 30;

function stored(key: string): boolean {
  try {
    return localStorage.getItem(key) === 'on';
  } catch {
    return false;
  }
}

function keep(key: string, on: boolean) {
  try {
    if (on) localStorage.setItem(key, 'on');
    else localStorage.removeItem(key);
  } catch {
    // Then it holds until the page is left.
  }
}

/** Off by default; a notice of the browser when reviews are due. */
export function Reminders() {
  const { userId } = useWho();
  const key = `piq-reminders-${userId}`;
  const [on, setOn] = useState(() => stored(key));
  const [refused, setRefused] = useState(false);
  const due = useAnalytics(DAYS).data?.retention.due_today ?? 0;
  const t = en.settings.reminders;

  useEffect(() => {
    if (on && due > 0 && globalThis.Notification?.permission === 'granted')
      new Notification(t.due(due), { tag: `piq-${userId}` });
  }, [on, due, userId, t]);

  async function choose(next: boolean) {
    if (next) {
      const answer = (await globalThis.Notification?.requestPermission()) ?? 'denied';
      setRefused(answer !== 'granted');
      if (answer !== 'granted') return;
    }
    keep(key, next);
    setOn(next);
  }

  return (
    <Section title={t.title} help={t.help}>
      <Switch label={t.title} checked={on} onChange={(next) => void choose(next)} />
      {refused && <p role="status">{t.refused}</p>}
    </Section>
  );
}
