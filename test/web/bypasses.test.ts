import { expect, test } from "vitest";

import { bypasses, type Edge, linesAround } from "../../web/parts/bypasses.ts";

/** All nodes lead to all behind them, but for some that are left out. */
function denseGraph(count: number, isLeftOut: (from: number, to: number) => boolean) {
  const nodes = Array.from({ length: count }, (_, i) => `n${i}`);
  const edges: Edge[] = [];
  for (let from = 0; from < count; from++) {
    for (let to = from + 1; to < count; to++) {
      if (!isLeftOut(from, to)) edges.push({ from: `n${from}`, to: `n${to}` });
    }
  }
  return { nodes, edges };
}

/** "a b" of each node b that edges lead to from a. */
function reached(nodes: readonly string[], edges: readonly Edge[]): ReadonlySet<string> {
  const pairs = new Set(edges.map(({ from, to }) => `${from} ${to}`));
  for (const via of nodes) {
    for (const from of nodes) {
      if (!pairs.has(`${from} ${via}`)) continue;
      for (const to of nodes) if (pairs.has(`${via} ${to}`)) pairs.add(`${from} ${to}`);
    }
  }
  return pairs;
}

// the last node but two is reached from the fifth alone, far above it, and leads to the last
const GRAPH = denseGraph(30, (from, to) => to === 27 && from !== 4);

test("the longest edges go around, as long as others lead to where they end", () => {
  const { nodes, edges } = GRAPH;
  const around = bypasses(nodes, edges);
  const left = edges.filter((edge) => !around.has(edge));
  expect(around.size).toBeGreaterThan(200);
  expect(reached(nodes, left)).toEqual(reached(nodes, edges));
  // the check can fail: without what alone leads there, it is not reached
  const alone = left.find(({ to }) => to === "n27")!;
  expect(alone.from).toBe("n4");
  expect(
    reached(
      nodes,
      left.filter((edge) => edge !== alone),
    ),
  ).not.toEqual(reached(nodes, edges));
});

test("graphs of few long edges stay as they are, and so do edges that go back", () => {
  const { nodes, edges } = denseGraph(12, (from, to) => to - from > 1 && from + to !== 11);
  expect(edges).toHaveLength(11 + 5);
  expect(bypasses(nodes, edges).size).toBe(0);
  const back = { from: "n29", to: "n0" };
  expect(bypasses(GRAPH.nodes, [...GRAPH.edges, back]).has(back)).toBe(false);
});

test("lines around share a lane where they begin at one node, and no piece of it otherwise", () => {
  const { nodes, edges } = GRAPH;
  const places = new Map(nodes.map((id, i) => [id, { x: 100, y: 40 * i, width: 50 + i }]));
  const lines = linesAround(bypasses(nodes, edges), places, 20);
  const downwards = [...lines].map(([{ from, to }, points]) => {
    const [begin, corner, other, end] = points;
    expect([begin, end]).toEqual(
      [from, to].map((id) => ({ x: 100 - places.get(id)!.width / 2, y: places.get(id)!.y })),
    );
    expect([corner!.y, other!.x, other!.y]).toEqual([begin!.y, corner!.x, end!.y]);
    expect(corner!.x).toBeLessThan(20);
    return { from, x: corner!.x, top: begin!.y, bottom: end!.y };
  });
  for (const a of downwards) {
    const beside = downwards.filter(({ x }) => x === a.x);
    const crossing = beside.filter(
      (b) => b.from !== a.from && b.top <= a.bottom && b.bottom >= a.top,
    );
    expect(crossing).toEqual([]);
    expect(new Set(downwards.filter(({ from }) => from === a.from).map(({ x }) => x)).size).toBe(1);
  }
  // what has ended makes room
  const sources = new Set(downwards.map(({ from }) => from));
  const later = [{ from: "n28", to: "n29" }];
  const both = linesAround([{ from: "n0", to: "n5" }, ...later], places, 20);
  expect(new Set([...both.values()].map(([, corner]) => corner!.x)).size).toBe(1);
  expect(sources.size).toBeGreaterThan(10);
});
