import { useId, useState } from 'react';
import type { Pace, Recommendation } from '@/api/types';
import { paceBeside } from '@/features/recommendations/rules';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { useSteer } from './use-steer';

interface Props {
  one: Recommendation;
  pace: Pace;
}

interface ItemProps {
  name: string;
  means: string;
  disabled?: boolean;
  onSelect: () => void;
}

function Item({ name, means, disabled, onSelect }: ItemProps) {
  return (
    <li>
      <button
        type="button"
        disabled={disabled}
        onClick={onSelect}
        className="flex h-full min-h-11 w-full flex-col rounded-control border border-line px-3 py-2 text-start hover:border-accent hover:bg-accent-wash disabled:border-dashed disabled:text-soft"
      >
        <span className="font-semibold">{name}</span>
        <span className="text-sm text-soft">{means}</span>
      </button>
    </li>
  );
}

/** Easier, harder, not now, hide: and what each of them changes. A panel that
 * opens in place: nothing is covered, and it costs no library. */
export function SteerMenu({ one, pace }: Props) {
  const [open, setOpen] = useState(false);
  const panel = useId();
  const steer = useSteer();
  const easier = paceBeside(pace, 'easier');
  const harder = paceBeside(pace, 'harder');
  const t = en.next;
  return (
    <>
      <Button
        className="min-h-11"
        aria-expanded={open}
        aria-controls={panel}
        onClick={() => setOpen(!open)}
      >
        {t.adjust}
      </Button>
      <ul
        id={panel}
        hidden={!open}
        className="basis-full gap-2 pt-2 not-[[hidden]]:grid sm:grid-cols-2 lg:grid-cols-4"
      >
        <Item
          name={t.easier}
          means={easier ? t.means.easier : t.means.slowest}
          disabled={!easier}
          onSelect={() => easier && steer.pace(one, easier, 'easier')}
        />
        <Item
          name={t.harder}
          means={harder ? t.means.harder : t.means.fastest}
          disabled={!harder}
          onSelect={() => harder && steer.pace(one, harder, 'harder')}
        />
        <Item
          name={t.notNow}
          means={t.means.notNow}
          onSelect={() => steer.notNow(one)}
        />
        <Item
          name={t.hide}
          means={t.means.hide}
          onSelect={() => steer.hide(one)}
        />
      </ul>
    </>
  );
}
