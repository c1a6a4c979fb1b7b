import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import type { Client } from '@/api/client';
import {
  PersonalizationProvider,
  useMaybePersonalization,
  type OpenedContent,
} from '@/api/context';
import { keys } from '@/api/keys';
import type { PersonalizationProfile } from '@/api/types';
import { BeginProvider } from '@/features/activity/begin';
import { ConceptPage } from '@/features/concept/ConceptPage';
import { Dashboard } from '@/features/Dashboard';
import { NavigationContext } from '@/features/navigation';
import { createFilters, FiltersContext } from '@/lib/filters';
import { en } from '@/strings/en';
import { Dialog } from '@/ui/Dialog';
import type { Theme } from '@/ui/theme';
import { Frame } from './Frame';

export interface PersonalizedDashboardProps {
  userId: string;
  /** One that is there already: shown at once, and asked for anew. */
  profile?: PersonalizationProfile;
  /** Left out: that of the provider around it, else this origin's. */
  client?: Client;
  /** What the platform does with a content that is started. */
  onOpenContent?: (content: OpenedContent) => void;
  readOnly?: boolean;
  theme?: Theme;
}

/** Puts a profile that was given into the cache, older than any answer. */
function Given({ profile, children }: { profile?: PersonalizationProfile; children: ReactNode }) {
  const queries = useQueryClient();
  useMemo(() => {
    if (!profile) return;
    const queryKey = keys.profile(profile.userId);
    if (!queries.getQueryData(queryKey))
      queries.setQueryData(queryKey, profile, {
        updatedAt: Date.parse(profile.as_of),
      });
  }, [queries, profile]);
  return children;
}

/** The whole dashboard of one learner; skills open in a dialog. */
export function PersonalizedDashboard(props: PersonalizedDashboardProps) {
  const { userId, profile, theme, readOnly, onOpenContent } = props;
  const around = useMaybePersonalization();
  const client = props.client ?? around?.client;
  const [concept, setConcept] = useState<string | null>(null);
  const [filters] = useState(createFilters);
  const navigation = useMemo(
    () => ({ openConcept: setConcept, hrefOfConcept: () => '#' }),
    [],
  );
  return (
    <PersonalizationProvider
      key={userId}
      userId={userId}
      {...(client ? { client } : {})}
      {...(readOnly === undefined ? {} : { readOnly })}
      {...(onOpenContent ? { onOpenContent } : {})}
    >
      <Given {...(profile ? { profile } : {})}>
        <NavigationContext value={navigation}>
          <FiltersContext value={filters}>
            <Frame {...(theme ? { theme } : {})}>
              <BeginProvider>
                <Dashboard />
              </BeginProvider>
              <Dialog
                open={concept !== null}
                title={en.skills.title}
                onClose={() => setConcept(null)}
              >
                {concept !== null && <ConceptPage key={concept} concept={concept} />}
              </Dialog>
            </Frame>
          </FiltersContext>
        </NavigationContext>
      </Given>
    </PersonalizationProvider>
  );
}
