import { Controls, ReactFlow, useReactFlow, type Edge as FlowEdge } from '@xyflow/react';
import { memo, useMemo, type KeyboardEvent, type RefObject } from 'react';
import { ChoiceContext, type ChoiceStore } from './choice';
import { ConceptBox, type FlowNode } from './ConceptBox';
import { isArrow, neighbour, type Placed } from './graph';
import { HEIGHT, viewOf, WIDTH } from './graph-layout';

const nodeTypes = { concept: ConceptBox };
const BOX_HEIGHT = 416; // of h-[26rem]
const MOVE_MS = 200;

function moveMs(): number {
  const still = !globalThis.matchMedia?.('(prefers-reduced-motion: no-preference)').matches;
  return still ? 0 : MOVE_MS;
}

/** Brings a node, or all of them, into sight. */
export function useCamera(placed: Placed[]) {
  const flow = useReactFlow();
  return useMemo(
    () => ({
      show(id: string | null) {
        const at = placed.find((one) => one.id === id);
        if (at)
          void flow.setCenter(at.x + WIDTH / 2, at.y + HEIGHT / 2, {
            zoom: Math.max(0.9, flow.getZoom()),
            duration: moveMs(),
          });
      },
      showAll: () => void flow.fitView({ duration: moveMs(), padding: 0.05 }),
    }),
    [flow, placed],
  );
}

/** Arrow keys lead from node to node, and the focus goes along. */
function useKeys(
  { box, placed, show, choice }: Pick<Props, 'box' | 'placed' | 'show' | 'choice'>,
): ChoiceStore {
  return useMemo(
    () => ({
      ...choice,
      onKey(event: KeyboardEvent, id: string) {
        if (!isArrow(event.key)) return;
        event.preventDefault();
        const to = neighbour(placed, id, event.key);
        if (to === null) return;
        choice.set({ current: to });
        show(to);
        box.current
          ?.querySelector<HTMLButtonElement>(`[data-concept="${CSS.escape(to)}"]`)
          ?.focus({ preventScroll: true });
      },
    }),
    [box, placed, show, choice],
  );
}

interface Props {
  box: RefObject<HTMLDivElement | null>;
  width: number;
  placed: Placed[];
  nodes: FlowNode[];
  edges: FlowEdge[];
  /** The node of what comes next. */
  next: string | null;
  choice: Omit<ChoiceStore, 'onKey'>;
  show: (id: string) => void;
}

/** The drawing. */
export const PathMap = memo(function PathMap(props: Props) {
  const { width, placed, nodes, edges, next } = props;
  const at = placed.find((one) => one.id === next);
  return (
    <ChoiceContext value={useKeys(props)}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        defaultViewport={viewOf(at, placed, { width, height: BOX_HEIGHT })}
        minZoom={0.2}
        maxZoom={1.6}
        zoomOnScroll={false}
        preventScrolling={false}
        zoomOnDoubleClick={false}
      >
        <Controls position="bottom-left" showInteractive={false} showFitView={false} />
      </ReactFlow>
    </ChoiceContext>
  );
});
