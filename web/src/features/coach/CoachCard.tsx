import { useMemo, type ReactNode } from 'react';
import type { Client } from '@/api/client';
import { QueryCard } from '@/features/card/QueryCard';
import { useChoice } from '@/lib/filters';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Segmented } from '@/ui/Segmented';
import { Message } from '@/ui/states';
import { useCoached } from './api/get-coached';
import { inOrder, needsAttention } from './attention';
import { CoachList } from './CoachList';

const t = en.coach;
const SHOWN = ['all', 'attention'] as const;
const SKELETON = Array.from({ length: 5 }, () => 'h-16 w-full');

interface Props {
  client: Client;
  linkTo: (userId: string, text: string, label: string) => ReactNode;
}

/** Assigned learners, those first who may need somebody. */
export function CoachCard({ client, linkTo }: Props) {
  const coached = useCoached(client);
  const [shown, setShown] = useChoice('show', SHOWN);
  const { data } = coached;
  const all = useMemo(
    () => inOrder(data?.pages.flatMap((page) => page.learners) ?? []),
    [data],
  );
  const attention = all.filter(needsAttention);
  const listed = shown === 'attention' ? attention : all;
  const nobody = <Message title={t.none}>{t.noneHelp}</Message>;
  return (
    <QueryCard
      title={t.attention(attention.length)}
      queries={[coached]}
      skeleton={SKELETON}
      cold={nobody}
      aside={
        all.length > 0 && (
          <Segmented
            label={t.filter.label}
            values={SHOWN}
            nameOf={(one) => t.filter[one]}
            value={shown}
            onChange={setShown}
          />
        )
      }
      action={
        coached.hasNextPage && (
          <Button
            busy={coached.isFetchingNextPage}
            onClick={() => void coached.fetchNextPage()}
          >
            {t.more}
          </Button>
        )
      }
    >
      {() =>
        all.length ? (
          <>
            <p className="max-w-prose text-soft">{t.help}</p>
            {listed.length ? (
              <CoachList judged={listed} linkTo={linkTo} />
            ) : (
              <p>{t.fine}</p>
            )}
          </>
        ) : (
          nobody
        )
      }
    </QueryCard>
  );
}
