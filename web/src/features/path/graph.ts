// The path as a graph: one node a concept, an edge from what it builds on.
import type { Catalogue, PathStep } from '@/api/types';
import { isReview } from './steps';

export type NodeStatus = 'done' | 'ready' | 'locked';

export interface ConceptNode {
  id: string;
  status: NodeStatus;
  /** In order of doing. */
  steps: PathStep[];
  done: number;
  reviews: number;
  /** Mastery before its first undone step and after its last. */
  from: number;
  to: number;
}

export interface Edge {
  from: string;
  to: string;
}

export interface PathGraph {
  nodes: ConceptNode[];
  edges: Edge[];
}

/** Done: all that teaches it is; reviews go on. */
function statusOf(steps: PathStep[]): NodeStatus {
  const open = steps.filter((step) => step.status !== 'done');
  if (open.some((step) => step.status === 'ready')) return 'ready';
  const teaching = open.filter((step) => !isReview(step));
  const begun = open.length < steps.length;
  return open.length === 0 || (begun && teaching.length === 0) ? 'done' : 'locked';
}

function nodeOf(id: string, steps: PathStep[]): ConceptNode {
  const open = steps.filter((step) => step.status !== 'done');
  const shown = open.length ? open : steps;
  return {
    id,
    status: statusOf(steps),
    steps,
    done: steps.length - open.length,
    reviews: steps.filter(isReview).length,
    from: shown[0]?.mastery_before ?? 0,
    to: shown[shown.length - 1]?.mastery_after ?? 0,
  };
}

export function graphOf(
  steps: PathStep[],
  catalogue: Catalogue | undefined,
): PathGraph {
  const of = new Map<string, PathStep[]>();
  for (const step of steps) {
    const there = of.get(step.concept);
    if (there) there.push(step);
    else of.set(step.concept, [step]);
  }
  const edges = new Map<string, Edge>();
  const join = (from: string, to: string) => {
    if (from !== to && of.has(from) && of.has(to) && !edges.has(`${to} ${from}`))
      edges.set(`${from} ${to}`, { from, to });
  };
  for (const concept of catalogue?.concepts ?? [])
    for (const needed of concept.prerequisites) join(needed, concept.id);
  for (const step of steps)
    for (const opened of step.unlocks) join(step.concept, opened);
  return {
    nodes: [...of].map(([id, its]) => nodeOf(id, its)),
    edges: [...edges.values()],
  };
}

export interface Placed {
  id: string;
  x: number;
  y: number;
}

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

export function isArrow(key: string): key is Arrow {
  return /^Arrow(Left|Right|Up|Down)$/.test(key);
}

const directions: Record<Arrow, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where an arrow key leads: the nearest node that lies that way, what is off
 * to the side counting double. */
export function neighbour(
  placed: Placed[],
  from: string,
  arrow: Arrow,
): string | null {
  const here = placed.find((node) => node.id === from);
  if (!here) return null;
  const [dx, dy] = directions[arrow];
  let best: string | null = null;
  let least = Infinity;
  for (const node of placed) {
    const x = node.x - here.x;
    const y = node.y - here.y;
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    const cost = along + 2 * aside;
    if (along <= 1 || aside > 3 * along || cost >= least) continue;
    best = node.id;
    least = cost;
  }
  return best;
}
