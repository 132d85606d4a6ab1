/** An edge of a graph, from one node's id to another's. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** A point of a line, in pixels. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** A node that has its place; x and y are its middle. */
interface PlacedNode extends Point {
  readonly width: number;
}

/**
 * Rows that a graph's edges pass together, to each node: dagre makes a node of each. Chains with skip
 * connections have up to 2.5, U-Nets some more. DenseNet-121, where all layers of a block lead to all
 * behind them, has 64, which takes dagre a minute and is some 30,000 pixels wide.
 */
const CROWDED = 6;
/** So many are left of a graph that is crowded. */
const ROOMY = 2;

/**
 * Edges that are left out when a crowded graph is laid out, and drawn around it: the longest, until
 * the others are few enough. Other edges still lead from where such a one begins to where it ends, so
 * that the order of the nodes stays the same.
 *
 * @param nodes ids, each behind those that it follows but for edges that go back
 */
export function bypasses(nodes: readonly string[], edges: readonly Edge[]): ReadonlySet<Edge> {
  const rows = rowsOf(nodes, edges);
  const passed = ({ from, to }: Edge) => rows.get(to)! - rows.get(from)!;
  let left = edges.reduce((sum, edge) => sum + Math.max(passed(edge), 0), 0);
  if (left <= CROWDED * nodes.length) return new Set();
  const followers = new Map<string, Set<string>>(nodes.map((id) => [id, new Set()]));
  for (const { from, to } of edges) followers.get(from)!.add(to);
  const found = new Set<Edge>();
  for (const edge of edges.toSorted((a, b) => passed(b) - passed(a))) {
    if (left <= ROOMY * nodes.length) break;
    const around = followers.get(edge.from)!;
    around.delete(edge.to);
    if (isReached(edge, followers, rows)) {
      found.add(edge);
      left -= passed(edge);
    } else around.add(edge.to);
  }
  return found;
}

/** How many nodes are above each, one above the other. */
function rowsOf(nodes: readonly string[], edges: readonly Edge[]): ReadonlyMap<string, number> {
  const order = new Map(nodes.map((id, i) => [id, i]));
  const above = new Map<string, string[]>(nodes.map((id) => [id, []]));
  for (const { from, to } of edges) {
    if (order.get(from)! < order.get(to)!) above.get(to)!.push(from);
  }
  const rows = new Map<string, number>();
  for (const id of nodes) {
    rows.set(
      id,
      above.get(id)!.reduce((row, each) => Math.max(row, rows.get(each)! + 1), 0),
    );
  }
  return rows;
}

/** Whether edges lead from one node to another, row by row. */
function isReached(
  { from, to }: Edge,
  followers: ReadonlyMap<string, ReadonlySet<string>>,
  rows: ReadonlyMap<string, number>,
): boolean {
  const last = rows.get(to)!;
  const seen = new Set([from]);
  const waiting = [from];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const follower of followers.get(next)!) {
      if (follower === to) return true;
      const isAbove = rows.get(follower)! > rows.get(next)! && rows.get(follower)! < last;
      if (!isAbove || seen.has(follower)) continue;
      seen.add(follower);
      waiting.push(follower);
    }
  }
  return false;
}

/** Pixels between lines that go down side by side. */
const LANE = 6;

/**
 * Lines of edges that go around all others, on the left: those that begin at the same node share a
 * lane, and a lane that has ended is another's further down.
 *
 * @param left of all that is drawn so far
 */
export function linesAround(
  edges: Iterable<Edge>,
  nodes: ReadonlyMap<string, PlacedNode>,
  left: number,
): ReadonlyMap<Edge, readonly Point[]> {
  const starts = new Map<string, Edge[]>();
  for (const edge of edges) starts.set(edge.from, [...(starts.get(edge.from) ?? []), edge]);
  const bundles = [...starts].map(([from, own]) => ({
    own,
    top: nodes.get(from)!.y,
    bottom: Math.max(...own.map(({ to }) => nodes.get(to)!.y)),
  }));
  /** How far down each lane is taken. */
  const taken: number[] = [];
  const lines = new Map<Edge, readonly Point[]>();
  for (const { own, top, bottom } of bundles.toSorted((a, b) => a.top - b.top)) {
    const free = taken.findIndex((end) => end < top);
    const lane = free < 0 ? taken.length : free;
    taken[lane] = bottom;
    const x = left - (lane + 1) * LANE;
    for (const edge of own) {
      const [from, to] = [nodes.get(edge.from)!, nodes.get(edge.to)!];
      const [begins, ends] = [from.x - from.width / 2, to.x - to.width / 2];
      lines.set(edge, [
        { x: begins, y: from.y },
        { x, y: from.y },
        { x, y: to.y },
        { x: ends, y: to.y },
      ]);
    }
  }
  return lines;
}
