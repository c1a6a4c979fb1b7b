// Where the nodes of the graph stand.
import dagre from '@dagrejs/dagre';
import type { PathGraph, Placed } from './graph';

export const WIDTH = 208;
export const HEIGHT = 80;
const START_ZOOM = 0.95;
const LEAST_ZOOM = 0.7; // of a first view that shows all: text stays readable
const FROM_LEFT = 24;
const FROM_TOP = 48; // below the buttons

/** From left to right, what builds on something to the right of it. */
export function placeAll(graph: PathGraph): Placed[] {
  const layout = new dagre.graphlib.Graph();
  layout.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 48, marginx: 8, marginy: 8 });
  layout.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes)
    layout.setNode(node.id, { width: WIDTH, height: HEIGHT });
  for (const edge of graph.edges) layout.setEdge(edge.from, edge.to);
  dagre.layout(layout);
  return graph.nodes.map(({ id }) => {
    const at = layout.node(id);
    return { id, x: at.x - WIDTH / 2, y: at.y - HEIGHT / 2 };
  });
}

/** The first view: all of it where that stays readable, else this node at the
 * left, near the top. */
export function viewOf(at: Placed | undefined, all: Placed[], box: { width: number; height: number }) {
  const right = Math.max(0, ...all.map((one) => one.x + WIDTH));
  const bottom = Math.max(0, ...all.map((one) => one.y + HEIGHT));
  const zoom = Math.min(
    START_ZOOM,
    (box.width - 2 * FROM_LEFT) / right,
    (box.height - 2 * FROM_TOP) / bottom,
  );
  if (zoom >= LEAST_ZOOM)
    return {
      x: (box.width - right * zoom) / 2,
      y: (box.height - bottom * zoom) / 2,
      zoom,
    };
  return {
    x: FROM_LEFT - (at?.x ?? 0) * START_ZOOM,
    y: FROM_TOP - (at?.y ?? 0) * START_ZOOM,
    zoom: START_ZOOM,
  };
}
