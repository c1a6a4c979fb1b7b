import type { Pace, Recommendation } from '@/api/types';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import type { RecommendationActions } from './RecommendedContent';
import { paceBeside } from './rules';

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

interface Props {
  id: string;
  one: Recommendation;
  pace: Pace;
  actions: RecommendationActions;
  /** Side by side where there is room. */
  wide?: boolean;
}

/** Easier, harder, not now, hide: and what each of them changes. A panel that
 * opens in place: nothing is covered, and it costs no library. */
export function SteerMenu({ id, one, pace, actions, wide = false }: Props) {
  const easier = paceBeside(pace, 'easier');
  const harder = paceBeside(pace, 'harder');
  const { onEasier, onHarder, onDismiss, onHide } = actions;
  const t = en.next;
  return (
    <ul
      id={id}
      className={cx('grid basis-full gap-2 pt-1 sm:grid-cols-2', wide && 'lg:grid-cols-4')}
    >
      {onEasier && (
        <Item
          name={t.easier}
          means={easier ? t.means.easier : t.means.slowest}
          disabled={!easier}
          onSelect={() => onEasier(one)}
        />
      )}
      {onHarder && (
        <Item
          name={t.harder}
          means={harder ? t.means.harder : t.means.fastest}
          disabled={!harder}
          onSelect={() => onHarder(one)}
        />
      )}
      <Item name={t.notNow} means={t.means.notNow} onSelect={() => onDismiss(one)} />
      {onHide && (
        <Item name={t.hide} means={t.means.hide} onSelect={() => onHide(one)} />
      )}
    </ul>
  );
}
