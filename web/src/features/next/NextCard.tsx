import { useState } from 'react';
import { useWho } from '@/api/context';
import type { Recommendation } from '@/api/types';
import { QueryCard } from '@/features/card/QueryCard';
import { useCatalogue, useNames } from '@/features/catalogue/get-catalogue';
import { useProfile } from '@/features/profile/get-profile';
import { useRecommendations } from '@/features/recommendations/api/get-recommendations';
import { split } from '@/features/recommendations/rules';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { ActivityPanel } from './ActivityPanel';
import { NextAction } from './NextAction';
import { SteerMenu } from './SteerMenu';
import { useLookAgain, useStart } from './use-steer';

const SKELETON = ['h-5 w-1/3', 'h-[30px] w-2/3', 'h-[49px] w-full', 'h-9 w-48'];

/** The area of what is recommended, by the curriculum. */
function useAreaOf(one: Recommendation | null): string | null {
  const { data } = useCatalogue();
  const names = useNames();
  const content = data?.contents.find((x) => x.id === one?.content_id);
  return content ? names.area(content.area) : null;
}

function LookAgain() {
  const again = useLookAgain();
  return (
    <Button small disabled={again.isPending} onClick={() => again.mutate()}>
      {en.next.refresh}
    </Button>
  );
}

export function NextCard({ className }: { className?: string }) {
  const { readOnly, onOpenContent } = useWho();
  const slate = useRecommendations();
  const profile = useProfile();
  const start = useStart();
  const [opened, setOpened] = useState<Recommendation | null>(null);
  const next = slate.data ? split(slate.data).next : null;
  const area = useAreaOf(next);

  function begin(one: Recommendation) {
    start.mutate(one, {
      onSuccess() {
        if (!onOpenContent) setOpened(one);
        else
          onOpenContent({
            contentId: one.content_id,
            title: one.title,
            minutes: one.minutes,
          });
      },
    });
  }

  return (
    <>
      <QueryCard
        title={en.next.title}
        id="next"
        className={className}
        queries={[slate]}
        skeleton={SKELETON}
        cold={
          <Message title={en.next.cold}>{en.next.coldHelp}</Message>
        }
      >
        {() =>
          next ? (
            <NextAction
              one={next}
              area={area}
              starting={start.isPending}
              {...(readOnly
                ? {}
                : {
                    onStart: () => begin(next),
                    steer: (
                      <SteerMenu
                        one={next}
                        pace={
                          profile.data?.learningStyle
                            .difficulty_progression_rate ?? 'moderate'
                        }
                      />
                    ),
                  })}
            />
          ) : (
            <Message
              title={en.next.nothing}
              action={readOnly ? undefined : <LookAgain />}
            >
              {en.next.nothingHelp}
            </Message>
          )
        }
      </QueryCard>
      {opened && (
        <ActivityPanel
          one={opened}
          open
          onClose={() => setOpened(null)}
        />
      )}
    </>
  );
}
