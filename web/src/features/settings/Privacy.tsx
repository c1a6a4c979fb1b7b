import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useWho } from '@/api/context';
import { keys } from '@/api/keys';
import { saveAs } from '@/lib/save-as';
import { en } from '@/strings/en';
import { useAnnounce } from '@/ui/announce';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { Switch } from '@/ui/Switch';
import {
  useErase,
  useExport,
  useMayErase,
  usePause,
  useProfiling,
} from './api/profiling';
import { confirms } from './rules';
import { Section } from './Section';

export function PauseProfiling() {
  const profiling = useProfiling();
  const pause = usePause();
  const say = useAnnounce();
  const t = en.settings.profiling;
  const paused = profiling.data?.paused ?? false;
  return (
    <Section title={t.title} help={t.help}>
      <div className="flex items-center gap-3">
        <Switch
          label={t.title}
          checked={paused}
          disabled={!profiling.data}
          onChange={(next) =>
            pause.mutate(next, { onSuccess: () => say(t.said(next)) })
          }
        />
        <span>{paused ? t.on : t.off}</span>
      </div>
      {pause.error && (
        <p role="alert" className="text-bad">
          {en.common.refused(pause.error.message)}
        </p>
      )}
    </Section>
  );
}

export function ExportData() {
  const { userId } = useWho();
  const fetching = useExport();
  const say = useAnnounce();
  const t = en.settings.export;
  return (
    <Section title={t.title} help={t.help}>
      <div>
        <Button
          busy={fetching.isPending}
          onClick={() =>
            fetching.mutate(undefined, {
              onSuccess(data) {
                saveAs(`learner-${userId}.json`, JSON.stringify(data, null, 2));
                say(t.done);
              },
            })
          }
        >
          {t.button}
        </Button>
      </div>
      {fetching.error && (
        <p role="alert" className="text-bad">
          {fetching.error.message}
        </p>
      )}
    </Section>
  );
}

export function EraseLearner() {
  const { userId } = useWho();
  const queries = useQueryClient();
  const erase = useErase();
  const may = useMayErase();
  const say = useAnnounce();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const t = en.settings.erase;
  return (
    <Section title={t.title} help={may ? t.help : t.cannot}>
      {may && (
        <div>
          <Button look="danger" onClick={() => setOpen(true)}>
            {t.open}
          </Button>
        </div>
      )}
      <Dialog open={open} title={t.title} onClose={() => setOpen(false)}>
        <p>{t.help}</p>
        <label className="flex flex-col gap-1">
          {t.confirm(userId)}
          <input
            autoComplete="off"
            className="min-h-10 rounded-control border border-edge bg-surface px-3"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        {erase.error && (
          <p role="alert" className="text-bad">
            {en.common.refused(erase.error.message)}
          </p>
        )}
        <div className="flex gap-2">
          <Button
            look="danger"
            disabled={!confirms(typed, userId)}
            busy={erase.isPending}
            onClick={() =>
              erase.mutate(undefined, {
                onSuccess() {
                  say(t.done);
                  setOpen(false);
                  void queries.invalidateQueries({ queryKey: keys.learners });
                  void queries.resetQueries({ queryKey: keys.learner(userId) });
                },
              })
            }
          >
            {t.button}
          </Button>
          <Button look="quiet" onClick={() => setOpen(false)}>
            {en.common.cancel}
          </Button>
        </div>
      </Dialog>
    </Section>
  );
}
