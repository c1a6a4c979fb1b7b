import { useEffect, type ReactNode } from 'react';
import { en } from '@/strings/en';
import { Announcer } from '@/ui/announce';
import { useTheme, type ThemeChoice } from '@/ui/theme';
import { SignOut } from './Account';
import { Link } from './router';

interface Props {
  title: string;
  /** Beside the name: the switcher, who one is. */
  aside?: ReactNode;
  /** False: there is nobody to be, as on the page of fixtures. */
  signedIn?: boolean;
  children: ReactNode;
}

function ThemeSwitch() {
  const { choice, choose } = useTheme();
  const t = en.app.theme;
  return (
    <label className="flex items-center gap-2 text-sm">
      <span className="sr-only">{t.label}</span>
      <select
        value={choice}
        onChange={(event) => choose(event.target.value as ThemeChoice)}
        className="min-h-8 rounded-control border border-edge bg-surface px-2"
      >
        <option value="system">{t.system}</option>
        <option value="light">{t.light}</option>
        <option value="dark">{t.dark}</option>
      </select>
    </label>
  );
}

/** Landmarks, the colours, and the title of the window. */
export function Shell({ title, aside, signedIn = true, children }: Props) {
  const { theme } = useTheme();
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div className="piq min-h-dvh" data-theme={theme}>
      <Announcer>
        <a
          href="#main"
          className="sr-only z-30 rounded-control bg-accent px-4 py-2 text-on-accent focus:not-sr-only focus:fixed focus:start-2 focus:top-2"
        >
          {en.app.skip}
        </a>
        <header className="border-b border-line bg-surface">
          <div className="mx-auto flex max-w-7xl flex-wrap items-center gap-x-6 gap-y-2 px-4 py-2.5 sm:px-6">
            <Link href="/" className="flex min-h-8 items-center gap-2 font-semibold">
              <img src="/icon.svg" alt="" width="24" height="24" />
              {en.app.product}
            </Link>
            <div className="ms-auto flex flex-wrap items-center gap-3">
              {aside}
              {signedIn && <SignOut />}
              <ThemeSwitch />
            </div>
          </div>
        </header>
        <main id="main" tabIndex={-1} className="mx-auto max-w-7xl px-4 py-5 outline-none sm:px-6">
          <h1 className="mb-4 text-xl">{title}</h1>
          {children}
        </main>
      </Announcer>
    </div>
  );
}
