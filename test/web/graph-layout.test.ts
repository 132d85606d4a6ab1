import { expect, test } from "vitest";

import type { LayerDocument } from "../../web/api/documents.ts";
import { layOut } from "../../web/parts/graph-layout.ts";

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
