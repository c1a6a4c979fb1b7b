// The path as a map; default export, since it is loaded when it is wanted.
import {
  Controls,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type Edge as FlowEdge,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import './graph.css';
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { Catalogue, LearningPath, PathStep } from '@/api/types';
import type { Names } from '@/features/catalogue/get-catalogue';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { ChoiceContext, ConceptBox, type Choice, type FlowNode } from './ConceptBox';
import { graphOf, isArrow, neighbour } from './graph';
import { HEIGHT, placeAll, viewOf, WIDTH } from './graph-layout';

const t = en.path;

const nodeTypes = { concept: ConceptBox };

interface Props {
  path: LearningPath;
  catalogue?: Catalogue;
  names: Names;
  /** The list of a skill's steps, with what can be done with them. */
  stepsOf: (steps: PathStep[]) => ReactNode;
}

function calm(): boolean {
  return !globalThis.matchMedia?.('(prefers-reduced-motion: no-preference)').matches;
}

function useGraph({ path, catalogue, names }: Omit<Props, 'stepsOf'>) {
  const { steps } = path.path_config;
  return useMemo(() => {
    const graph = graphOf(steps, catalogue);
    const placed = placeAll(graph);
    const at = new Map(placed.map((one) => [one.id, one]));
    const nodes: FlowNode[] = graph.nodes.map((node) => ({
      id: node.id,
      type: 'concept',
      position: { x: at.get(node.id)?.x ?? 0, y: at.get(node.id)?.y ?? 0 },
      data: { node, name: names.concept(node.id) },
      width: WIDTH,
      height: HEIGHT,
    }));
    const edges: FlowEdge[] = graph.edges.map(({ from, to }) => ({
      id: `${from} ${to}`,
      source: from,
      target: to,
      focusable: false,
      ariaLabel: t.graph.edge(names.concept(from), names.concept(to)),
    }));
    const next =
      graph.nodes.find((node) => node.status === 'ready') ?? graph.nodes[0] ?? null;
    return { graph, placed, nodes, edges, next: next?.id ?? null };
  }, [steps, catalogue, names]);
}

function Atlas(props: Props) {
  const { names, stepsOf } = props;
  const { graph, placed, nodes, edges, next } = useGraph(props);
  const flow = useReactFlow();
  const box = useRef<HTMLDivElement>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const known = (id: string | null) =>
    id !== null && graph.nodes.some((node) => node.id === id) ? id : null;
  const current = known(focused) ?? next;
  const chosen = graph.nodes.find((node) => node.id === selected);

  function show(id: string | null) {
    const at = placed.find((one) => one.id === id);
    if (at)
      void flow.setCenter(at.x + WIDTH / 2, at.y + HEIGHT / 2, {
        zoom: Math.max(0.9, flow.getZoom()),
        duration: calm() ? 0 : 200,
      });
  }

  function onKey(event: KeyboardEvent, id: string) {
    if (!isArrow(event.key)) return;
    event.preventDefault();
    const to = neighbour(placed, id, event.key);
    if (to === null) return;
    setFocused(to);
    show(to);
    box.current
      ?.querySelector<HTMLButtonElement>(`[data-concept="${CSS.escape(to)}"]`)
      ?.focus({ preventScroll: true });
  }


  const start = viewOf(placed.find((one) => one.id === next));
  const choice: Choice = {
    selected,
    current,
    select: (id) => setSelected((now) => (now === id ? null : id)),
    focus: setFocused,
    onKey,
  };
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm text-soft">
        <p className="basis-60 grow">{t.graph.help}</p>
        <Button small onClick={() => show(next)}>
          {t.graph.toNext}
        </Button>
        <Button
          small
          onClick={() => void flow.fitView({ duration: calm() ? 0 : 200, padding: 0.05 })}
        >
          {t.graph.whole}
        </Button>
      </div>
      <div
        ref={box}
        role="group"
        aria-label={t.graph.label}
        className="piq-graph h-[26rem] overflow-hidden rounded-control border border-line bg-ground"
      >
        <ChoiceContext value={choice}>
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
            defaultViewport={start}
            minZoom={0.2}
            maxZoom={1.6}
            zoomOnScroll={false}
            preventScrolling={false}
            zoomOnDoubleClick={false}
          >
            <Controls position="top-right" showInteractive={false} showFitView={false} />
          </ReactFlow>
        </ChoiceContext>
      </div>
      {chosen && (
        <section aria-label={t.graph.stepsOf(names.concept(chosen.id))}>
          <h3>{t.graph.stepsOf(names.concept(chosen.id))}</h3>
          {stepsOf(chosen.steps)}
        </section>
      )}
    </div>
  );
}

export default function PathGraph(props: Props) {
  return (
    <ReactFlowProvider>
      <Atlas {...props} />
    </ReactFlowProvider>
  );
}
