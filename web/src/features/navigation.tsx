// Where a card leads to: a route of the page, or a dialog where the dashboard
// is embedded and has no routes.
import { createContext, useContext } from 'react';

export interface Navigation {
  openConcept: (concept: string) => void;
  hrefOfConcept: (concept: string) => string;
}

export const NavigationContext = createContext<Navigation>({
  openConcept: () => undefined,
  hrefOfConcept: () => '#',
});

export function useNavigation(): Navigation {
  return useContext(NavigationContext);
}
