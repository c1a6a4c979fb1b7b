import type { ReactNode } from 'react';
import { Announcer } from '@/ui/announce';
import { useTheme, type Theme } from '@/ui/theme';

interface Props {
  /** Left out: as the system has it. */
  theme?: Theme;
  children: ReactNode;
}

/** What every component of the package stands in: its colours, and nothing
 * outside of it. */
export function Frame({ theme, children }: Props) {
  const system = useTheme().theme;
  return (
    <div className="piq personalized-dashboard" data-theme={theme ?? system}>
      <Announcer>{children}</Announcer>
    </div>
  );
}
