import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useWho } from '@/api/context';
import { answerOf } from '@/api/errors';
import { keys } from '@/api/keys';
import type { Catalogue } from '@/api/types';

export function useCatalogue() {
  const { client } = useWho();
  return useQuery({
    queryKey: keys.catalogue,
    queryFn: ({ signal }) => answerOf(client.api.GET('/api/catalogue', { signal })),
    staleTime: 10 * 60_000,
  });
}

export interface Names {
  area: (id: string) => string;
  concept: (id: string) => string;
  /** Of a content; null where the curriculum does not have it any more. */
  content: (id: number) => string | null;
}

/** "odd.pot_odds" -> "Pot odds": until the curriculum is there. */
export function nameFromId(id: string): string {
  const last = id.slice(id.lastIndexOf('.') + 1).replaceAll('_', ' ');
  return last.charAt(0).toUpperCase() + last.slice(1);
}

export function namesOf(catalogue: Catalogue | undefined): Names {
  const areas = new Map(catalogue?.areas.map((x) => [x.id, x.name]));
  const concepts = new Map(catalogue?.concepts.map((x) => [x.id, x.name]));
  const contents = new Map(catalogue?.contents.map((x) => [x.id, x.title]));
  return {
    area: (id) => areas.get(id) ?? nameFromId(id),
    concept: (id) => concepts.get(id) ?? nameFromId(id),
    content: (id) => contents.get(id) ?? null,
  };
}

/** Names of the curriculum, readable from the first moment on. */
export function useNames(): Names {
  const { data } = useCatalogue();
  return useMemo(() => namesOf(data), [data]);
}
