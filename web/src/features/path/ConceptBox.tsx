import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import { percent } from '@/lib/format';
import { en } from '@/strings/en';
import { cx } from '@/ui/cx';
import { useChosen } from './choice';
import type { ConceptNode } from './graph';
import { StatusMark } from './StepRow';

const t = en.path;

export type FlowNode = Node<{ node: ConceptNode; name: string }, 'concept'>;

/** A skill on the map: a button, so that keys and screen readers reach it. */
export function ConceptBox({ data }: NodeProps<FlowNode>) {
  const { node, name } = data;
  const { store, isSelected, isCurrent } = useChosen(node.id);
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        data-concept={node.id}
        tabIndex={isCurrent ? 0 : -1}
        aria-pressed={isSelected}
        onClick={() => store?.set({ selected: isSelected ? null : node.id })}
        onFocus={() => store?.set({ current: node.id })}
        onKeyDown={(event) => store?.onKey(event, node.id)}
        className={cx(
          'nopan flex h-20 w-52 items-start gap-2 rounded-control border bg-surface p-2 text-start text-sm',
          node.status === 'ready' ? 'border-2 border-accent' : 'border-edge',
          node.status === 'locked' && 'border-dashed',
          isSelected && 'bg-accent-wash',
        )}
      >
        <StatusMark status={node.status} />
        <span className="min-w-0">
          <span className="line-clamp-2 leading-tight font-semibold">{name}</span>
          <span className="block text-xs text-soft">
            {t.graph.steps(node.done, node.steps.length)} · {percent(node.from)} →{' '}
            {percent(node.to)}
          </span>
        </span>
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}
