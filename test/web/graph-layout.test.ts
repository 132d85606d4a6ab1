import { expect, test } from "vitest";

import type { LayerDocument } from "../../web/api/documents.ts";
import { asOne, layOut, openAtFirst } from "../../web/parts/graph-layout.ts";

/** A chain of layers, named after their modules. */
function chain(...modules: readonly string[]): readonly LayerDocument[] {
  return modules.map((module, i) => ({
    index: i + 1,
    name: module === "" ? `layer ${i + 1}` : `${module}.weights`,
    type: "Conv",
    quantised: false,
    channelAxis: 1,
    module,
    inputs: i === 0 ? [] : [i],
    activations: null,
    channels: null,
    learnables: [],
    learnableCount: 0,
    multiplyAdds: null,
    receptiveField: null,
    aliases: [],
    renderable: true,
    problem: null,
    suggestion: null,
  }));
}

test("a module whose name is a number is no layer's, whatever its index", () => {
  // the second layer is in module 0, and module 2 is closed
  const { nodes, boxes, edges } = layOut(chain("", "0", "1", "2"), new Set(["0"]))!;
  expect(nodes.map(({ title, note }) => `${title}: ${note}`)).toEqual([
    "layer 1: Conv",
    "0.weights: Conv",
    "1: 1 layer",
    "2: 1 layer",
  ]);
  expect(boxes.map(({ id }) => id)).toEqual(["0"]);
  expect(edges).toHaveLength(3);
});

test("more layers in a row than the layout can walk are none, and closed in a module they are", () => {
  const deep = chain(...Array.from({ length: 10_000 }, () => "stage"));
  expect(layOut(deep, new Set(["stage"]))).toBeNull();
  expect(layOut(deep, new Set())?.nodes).toMatchObject([{ note: "10000 layers" }]);
});

test("as many levels of modules are open at first as can be seen at a glance", () => {
  const blocks = (count: number) =>
    Array.from({ length: count }, (_, i) => [`net.body.${i}.a`, `net.body.${i}.a`]).flat();
  const opened = (...modules: string[]) => [...openAtFirst(chain(...modules))];
  // 25 layers are too many, 13 blocks are not
  expect(opened("stem", ...blocks(12))).toEqual(["stem", "net", "net.body"]);
  expect(opened("stem", ...blocks(30))).toEqual(["stem", "net"]);
  expect(opened("stem", "net.body.0.a", "net.body.0.a")).toHaveLength(5);
});

test("modules with the same layers open as one, and have one frame", () => {
  const layers = chain("", "net.body.0.a", "net.body.0.a", "net.body.1");
  expect(asOne("net", layers)).toEqual(["net", "net.body"]);
  expect(asOne("net.body.0", layers)).toEqual(["net.body.0", "net.body.0.a"]);
  const { boxes } = layOut(layers, openAtFirst(layers))!;
  expect(boxes.map(({ id }) => id)).toEqual(["net.body", "net.body.1", "net.body.0.a"]);
});

test("lines around others lie in the drawing, as those of a U-Net's skip connections do", () => {
  // down, down, down, middle, and up again with the output of each level, the deepest first
  const inputs = [[], [1], [2], [3], [4], [5, 3], [6, 2], [7, 1]];
  const unet = chain(...inputs.map(() => "")).map((layer, i) => ({ ...layer, inputs: inputs[i]! }));
  const { edges, nodes, left, width } = layOut(unet, new Set())!;
  expect(edges).toHaveLength(inputs.flat().length);
  const across = edges.flatMap(({ points }) => points.map(({ x }) => x));
  const sides = nodes.flatMap(({ x, width: own }) => [x - own / 2, x + own / 2]);
  // the outermost is 8 pixels from the drawing's edge; some line is outside of all nodes
  expect(Math.min(...across, ...sides) - left).toBeCloseTo(8, 6);
  expect(left + width - Math.max(...across, ...sides)).toBeCloseTo(8, 6);
  expect(Math.min(...across)).toBeLessThan(Math.min(...sides));
});

test("layers that lead to all behind them are laid out in order, with all their lines", () => {
  const dense = chain(...Array.from({ length: 40 }, () => "")).map((layer, i) => ({
    ...layer,
    inputs: Array.from({ length: i }, (_, before) => before + 1),
  }));
  const { edges, nodes, left } = layOut(dense, new Set())!;
  expect(edges).toHaveLength((40 * 39) / 2);
  const order = nodes.toSorted((a, b) => a.y - b.y).map(({ id }) => id);
  expect(order).toEqual(dense.map(({ index }) => `#${index}`));
  for (const { points } of edges) {
    expect(points[0]!.y).toBeLessThan(points.at(-1)!.y);
    expect(Math.min(...points.map(({ x }) => x))).toBeGreaterThanOrEqual(left + 8);
  }
});
