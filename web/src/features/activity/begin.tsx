// Beginning something: what the engine is told, and who shows the content.
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { useMutation } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import type { PathStep, Recommendation } from '@/api/types';
import { useFeedback } from '@/features/recommendations/api/post-feedback';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { ActivityPanel } from './ActivityPanel';
import { useRecord } from './api/post-events';

/** Something that can be begun: a content, or practice of a skill. */
export interface Activity {
  title: string;
  minutes: number;
  contentId: number | null;
  concept: string | null;
  /** It is the skill's recall that counts. */
  review: boolean;
  /** What offered it, where something did. */
  recommendation: Pick<Recommendation, 'id' | 'user_action'> | null;
}

export function activityOf(one: Recommendation): Activity {
  return {
    title: one.title,
    minutes: one.minutes,
    contentId: one.content_id,
    concept: one.concept,
    review: one.content_type === 'review',
    recommendation: one,
  };
}

export function activityOfStep(step: PathStep): Activity {
  return {
    title: step.title,
    minutes: step.minutes,
    contentId: step.content_id,
    concept: step.concept,
    review: step.kind === 'review',
    recommendation: null,
  };
}

export interface Beginning {
  begin: (activity: Activity) => void;
  /** One is being begun. */
  busy: boolean;
}

const Context = createContext<Beginning | null>(null);

/** Null: nothing can be begun here. */
export function useBeginning(): Beginning | null {
  return useContext(Context);
}

function useStart() {
  const record = useRecord();
  const feedback = useFeedback();
  const say = useAnnounce();
  return useMutation({
    async mutationFn({ contentId, recommendation }: Activity) {
      if (contentId !== null)
        await record.mutateAsync({ type: 'content_started', content: contentId });
      if (recommendation?.user_action === null)
        // Whether that is noted or refused, what was begun is open.
        feedback.mutate({ id: recommendation.id, feedback: { action: 'accepted' } });
    },
    onSuccess: (_data, { title }) => say(en.next.said.started(title)),
    onError: (error) => say.wrong(en.common.refused(error.message)),
  });
}

/** Around cards from which something can be begun. */
export function BeginProvider({ children }: { children: ReactNode }) {
  const { readOnly, onOpenContent } = useWho();
  const { mutate, isPending } = useStart();
  const [opened, setOpened] = useState<Activity | null>(null);
  const value = useMemo(() => {
    if (readOnly) return null;
    return {
      busy: isPending,
      begin: (activity: Activity) =>
        mutate(activity, {
          onSuccess() {
            const { contentId, title, minutes } = activity;
            if (onOpenContent && contentId !== null)
              onOpenContent({ contentId, title, minutes });
            else setOpened(activity);
          },
        }),
    };
  }, [readOnly, onOpenContent, mutate, isPending]);
  return (
    <Context value={value}>
      {children}
      {opened && <ActivityPanel activity={opened} onClose={() => setOpened(null)} />}
    </Context>
  );
}
