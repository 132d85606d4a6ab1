import { describe, expect, test } from "vitest";

import { layerTable } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { choice, fileOf, furthestApart, loop, SHAPE } from "../../support/control-flow.ts";
import { int } from "../../support/integers.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

/** How many rounds there are, 4, as a constant or as the image's height. */
const TRIP_COUNTS = {
  "a constant": { nodes: [], constants: { n: int(4), many: int(1e9) } },
  "the image's size": {
    nodes: [node("Shape", "image", "is"), node("Gather", "is two", "n")],
    constants: { many: int(1e9) },
  },
} as const;

const goesOn = node("Identity", "c", "c2");
const weighted = [goesOn, node("Cast", "i", "f", { to: 1 }), node("Mul", "h f", "g")];

const loops: Readonly<Record<string, readonly Node[]>> = {
  "carries a value": [
    loop("n yes image", "y", {
      inputs: "i c h",
      nodes: [goesOn, node("Tanh", "h", "g")],
      outputs: "c2 g",
    }),
  ],
  "makes what would be called as another value is": [
    node("Cos", "image", "x/1/g"),
    loop("n yes image", "x", {
      inputs: "i c h",
      nodes: [goesOn, node("Sin", "h", "g")],
      outputs: "c2 g",
    }),
    node("Sub", "x x/1/g", "y"),
  ],
  "carries two, which change places": [
    node("Neg", "image", "other"),
    loop("n yes image other", "a b", {
      inputs: "i c g h",
      nodes: [goesOn, node("Sin", "g", "g2")],
      outputs: "c2 h g2",
    }),
    node("Sub", "a b", "y"),
  ],
  "stacks what its rounds make": [
    loop("n yes image", "last stack", {
      inputs: "i c h",
      nodes: [...weighted, node("Add", "g h", "h2")],
      outputs: "c2 h2 g",
    }),
    node("Exp", "stack", "y"),
  ],
  "reads what is around it": [
    node("Sin", "image", "outside"),
    loop("n yes image", "y", {
      inputs: "i c h",
      nodes: [goesOn, node("Mul", "h w", "scaled"), node("Add", "scaled outside", "g")],
      outputs: "c2 g",
    }),
  ],
  "has constants of its own": [
    loop("n yes image", "y", {
      inputs: "i c h",
      nodes: [
        goesOn,
        node("Constant", "", "k", { value: { tensor: floatTensor([], [0.5]) } }),
        node("Mul", "h k", "half"),
        node("Add", "half own", "g"),
      ],
      outputs: "c2 g",
      initializers: { own: normal([5], 3) },
    }),
  ],
  "ends by its condition": [
    loop("n yes image", "y", {
      inputs: "i c h",
      nodes: [node("Less", "i two", "c2"), node("Tanh", "h", "g")],
      outputs: "c2 g",
    }),
  ],
  "has a condition alone": [
    loop("_ yes image zero", "y i_last", {
      inputs: "i c h i_own",
      nodes: [
        node("Add", "i_own two", "i_next"),
        node("LessOrEqual", "i_next n", "c2"),
        node("Tanh", "h", "g"),
      ],
      outputs: "c2 g i_next",
    }),
  ],
  "says that it goes on for long, and ends after a round": [
    node("Not", "yes", "c_false"),
    loop("many yes image", "y", {
      inputs: "i c h",
      nodes: [node("Identity", "c_false", "c2"), node("Tanh", "h", "g")],
      outputs: "c2 g",
    }),
  ],
  "is never entered": [
    loop("n no image", "same", { inputs: "i c h", nodes: [...weighted], outputs: "c2 g" }),
    node("Tanh", "same", "y"),
  ],
  "chooses by the round": [
    loop("n yes image", "y", {
      inputs: "i c h",
      nodes: [
        goesOn,
        node("Mod", "i two", "i_rest"),
        node("Equal", "i_rest zero", "c_even"),
        choice("c_even", "g", node("Tanh", "h", "g_even"), node("Mul", "h w", "g_odd")),
      ],
      outputs: "c2 g",
    }),
  ],
  "has another inside, of as many rounds as it has had": [
    loop("n yes image", "y", {
      inputs: "i c h",
      nodes: [
        goesOn,
        node("Sin", "h", "s"),
        loop("i yes h", "g", {
          inputs: "i_inner c_inner k",
          nodes: [
            node("Identity", "c_inner", "c_inner2"),
            node("Add", "k s", "k2"),
            node("Mul", "k2 w", "k3"),
          ],
          outputs: "c_inner2 k3",
        }),
      ],
      outputs: "c2 g",
    }),
  ],
};

const cases = Object.entries(loops).flatMap(([what, nodes]) =>
  Object.entries(TRIP_COUNTS).map(([trip, given]) => ({
    what,
    trip,
    file: fileOf({ nodes: [...given.nodes, ...nodes], outputs: "y", constants: given.constants }),
  })),
);

describe("the rounds of a Loop compute what it does in ONNX Runtime", () => {
  test.each(cases)("a Loop of $trip $what", async ({ file }) => {
    expect(await furthestApart(file)).toBeLessThan(1e-6);
  });

  test("a round less is noticed", async () => {
    const given = { nodes: loops["carries a value"]!, outputs: "y" };
    const [file, other] = [4, 3].map((rounds) =>
      fileOf({ ...given, constants: { n: int(rounds) } }),
    );
    expect(await furthestApart(file!, other)).toBeGreaterThan(1e-3);
  });
});

/** Names of the layers behind the image. */
function layersOf(file: Uint8Array): readonly string[] {
  const model = decodeModel(file);
  return layerTable(model, specialise(model, SHAPE))
    .slice(1)
    .map(({ name }) => name);
}

test("what is the same in all rounds is computed once", async () => {
  const nodes = [
    goesOn,
    node("Tanh", "w", "bent"),
    node("Sin", "image", "s"),
    node("Mul", "bent s", "same"),
    node("Add", "h same", "g"),
  ];
  const again = loop("n yes image", "y", { inputs: "i c h", nodes, outputs: "c2 g" });
  const file = fileOf({ nodes: [again], outputs: "y", constants: { n: int(4) } });
  expect(await furthestApart(file)).toBeLessThan(1e-6);
  const ops = decodeModel(file).graph.nodes.map(({ op }) => op);
  const computing = ops.filter((op) => op !== "Identity");
  expect(computing).toEqual(["Tanh", "Sin", "Mul", "Add", "Add", "Add", "Add"]);
});

test("operators of another opset are read as outside, where the number of axes tells how", async () => {
  const nodes = [
    goesOn,
    // a name that the upgrade would give otherwise
    node("Squeeze", "h first", "even_axes"),
    node("GroupNormalization", "even_axes weight bias", "even", { num_groups: 1 }),
    node("Unsqueeze", "even first", "g"),
  ];
  const again = loop("n yes image", "y", { inputs: "i c h", nodes, outputs: "c2 g" });
  const constants = {
    n: int(2),
    first: intsTensor([0]),
    weight: normal([4], 5),
    bias: normal([4], 6),
  };
  const file = fileOf({ nodes: [again], outputs: "y", constants }, { opset: 21 });
  expect(await furthestApart(file)).toBeLessThan(1e-5);
});

describe("a Loop's layers", () => {
  const body = {
    inputs: "i c h",
    nodes: [goesOn, { ...node("Tanh", "h", "g"), name: "/act/Tanh" }],
    outputs: "c2 g",
  };
  const nodes = [{ ...loop("n yes image", "y", body), name: "/Loop" }, node("Sin", "y", "z")];
  const of = (trip: keyof typeof TRIP_COUNTS) => {
    const given = TRIP_COUNTS[trip];
    return fileOf({ nodes: [...given.nodes, ...nodes], outputs: "z", constants: given.constants });
  };

  test("are those of all rounds, if a constant says how many", () => {
    const rounds = [0, 1, 2, 3].map((i) => `Loop.${i}.act`);
    expect(layersOf(of("a constant"))).toEqual([...rounds, "z"]);
  });

  test("are itself, if the image's size does", () => {
    expect(layersOf(of("the image's size"))).toEqual(["Loop", "z"]);
  });
});
