// Numbers and instants as people read them. English; one place to change.

const LOCALE = 'en-GB';

/** 0.713 -> "71 %". */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** 0.04 -> "+4", -0.04 -> "−4", within half a point "0": points of a hundred. */
export function points(change: number): string {
  const rounded = Math.round(change * 100);
  if (rounded === 0) return '0';
  return rounded > 0 ? `+${rounded}` : `−${-rounded}`;
}

/** 95 -> "1 h 35 min". */
export function minutes(value: number): string {
  const whole = Math.max(0, Math.round(value));
  if (whole < 60) return `${whole} min`;
  const rest = whole % 60;
  return rest ? `${Math.floor(whole / 60)} h ${rest} min` : `${whole / 60} h`;
}

export function count(value: number): string {
  return value.toLocaleString(LOCALE);
}

export function decimal(value: number, digits: number): string {
  return value.toFixed(digits).replace('-', '−');
}

export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return value > 0 ? `+${text}` : `−${text}`;
}

/** "2026-11-24" -> "Tue 24 Nov"; with its year where it is another one. */
export function day(iso: string, now = new Date()): string {
  const date = new Date(`${iso.slice(0, 10)}T00:00:00Z`);
  const sameYear = date.getUTCFullYear() === now.getUTCFullYear();
  const text = date.toLocaleDateString(LOCALE, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
    timeZone: 'UTC',
  });
  return text.replace(',', ''); // some versions of ICU write one
}

export function time(iso: string): string {
  return new Date(iso).toLocaleTimeString(LOCALE, {
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** How long ago: "just now", "5 minutes ago", "3 days ago". */
export function ago(from: Date, now = new Date()): string {
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  const seconds = Math.round((now.getTime() - from.getTime()) / 1000);
  for (const [size, unit] of steps)
    if (seconds >= size)
      return new Intl.RelativeTimeFormat('en', { numeric: 'always' }).format(
        -Math.floor(seconds / size),
        unit,
      );
  return 'just now';
}
