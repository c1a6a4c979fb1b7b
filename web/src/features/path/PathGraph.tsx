// The path as a map; default export, since it is loaded when it is wanted.
import { ReactFlowProvider, type Edge as FlowEdge } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import './graph.css';
import { useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react';
import type { Catalogue, LearningPath, PathStep } from '@/api/types';
import type { Names } from '@/features/catalogue/get-catalogue';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { useWidth } from '@/ui/use-width';
import { createChoice, type ChoiceStore } from './choice';
import type { FlowNode } from './ConceptBox';
import { graphOf, type PathGraph as Graph } from './graph';
import { HEIGHT, placeAll, WIDTH } from './graph-layout';
import { PathMap, useCamera } from './PathMap';

const t = en.path;

interface Props {
  path: LearningPath;
  catalogue?: Catalogue;
  names: Names;
  /** The list of a skill's steps, with what can be done with them. */
  stepsOf: (steps: PathStep[]) => ReactNode;
}

interface ChosenProps extends Pick<Props, 'names' | 'stepsOf'> {
  choice: Omit<ChoiceStore, 'onKey'>;
  graph: Graph;
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
      graph.nodes.find((node) => node.status === 'ready') ?? graph.nodes[0];
    return { graph, placed, nodes, edges, next: next?.id ?? null };
  }, [steps, catalogue, names]);
}

/** The steps of the skill that is chosen. */
function Chosen({ choice, graph, names, stepsOf }: ChosenProps) {
  const selected = useSyncExternalStore(choice.subscribe, () => choice.get().selected);
  const chosen = graph.nodes.find((node) => node.id === selected);
  if (!chosen) return null;
  const title = t.graph.stepsOf(names.concept(chosen.id));
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {stepsOf(chosen.steps)}
    </section>
  );
}

function Atlas(props: Props) {
  const { graph, ...drawn } = useGraph(props);
  const { next, placed } = drawn;
  const { show, showAll } = useCamera(placed);
  const [box, width, measured] = useWidth<HTMLDivElement>();
  const [choice] = useState(() => createChoice({ selected: null, current: next }));
  useEffect(() => {
    const { current } = choice.get();
    // Tab reaches something also where the path is another one now.
    if (!placed.some((one) => one.id === current)) choice.set({ current: next });
  }, [choice, placed, next]);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm text-soft">
        <p className="basis-60 grow">{t.graph.help}</p>
        <Button small onClick={() => show(next)}>
          {t.graph.toNext}
        </Button>
        <Button small onClick={showAll}>
          {t.graph.whole}
        </Button>
      </div>
      <div
        ref={box}
        role="group"
        aria-label={t.graph.label}
        className="piq-graph h-[26rem] overflow-hidden rounded-control border border-line bg-ground"
      >
        {measured && (
          <PathMap {...drawn} box={box} width={width} choice={choice} show={show} />
        )}
      </div>
      <Chosen {...props} graph={graph} choice={choice} />
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
