import { test } from "vitest";

import { type Batched, checkBatch, halves, length, quarters } from "../support/check-batch.ts";
import { node } from "../support/onnx-writer.ts";

const networks: Readonly<Record<string, Batched>> = {
  "turned about": [
    [
      node("Slice", "image last beforeFirst zero last", "flipped"),
      node("Tanh", "flipped", "curved"),
      node("Sin", "image", "other"),
      node("Add", "other flipped", "sum"),
    ],
    ["other"],
  ],
  "windows, split twice": [
    [
      ...quarters,
      node("Split", "curved", "upper lower", { num_outputs: 2 }),
      node("Sin", "upper", "waves"),
      node("Split", "upper", "left right", { num_outputs: 2 }),
      node("Sub", "left right", "difference"),
    ],
    ["apart", "curved"],
  ],
  "every other of joined ones": [
    [
      node("Tile", "image twice", "joined"),
      node("Slice", "joined zero end zero two", "odd"),
      node("Split", "joined", "one same", { num_outputs: 2 }),
      node("Add", "one image", "sum"),
    ],
    ["one", "sum"],
  ],
  "from the middle of joined ones": [
    [
      ...length,
      node("Tile", "image twice", "joined"),
      node("Add", "one second", "stop"),
      node("Slice", "joined second stop zero", "middle"),
      node("Tanh", "middle", "curved"),
      node("Add", "count each", "after"),
      node("Range", "each after each", "numbers"),
      node("Gather", "joined numbers", "taken"),
      node("Sin", "taken", "waves"),
      node("Gather", "joined places", "fewer", { axis: 2 }),
      node("Split", "fewer", "former latter", { num_outputs: 2 }),
    ],
    ["former"],
  ],
  "as many again between them": [
    [
      node("Resize", "image _ scales", "longer", { mode: "linear" }),
      node("Split", "longer", "one other", { num_outputs: 2 }),
      node("Tanh", "one", "curved"),
    ],
    [],
  ],
  "joined ones in other shapes": [
    [
      node("Tile", "image twice", "joined"),
      node("Reshape", "joined wider", "wide"),
      node("Tanh", "wide", "curved"),
      node("Reshape", "joined flat", "narrow"),
      node("Sin", "narrow", "waves"),
    ],
    [],
  ],
  "parts of windows": [
    [
      ...halves,
      node("Split", "tiles", "left right", { axis: 3, num_outputs: 2 }),
      node("Slice", "tiles zero second two", "top"),
      node("Sub", "half tiles", "rest"),
      ...length,
      node("Slice", "tiles zero one zero", "former"),
      node("Cos", "former", "others"),
    ],
    ["apart", "left", "top", "rest"],
  ],
  "windows, joined": [
    [
      ...halves,
      node("Concat", "tiles tiles", "joined", { axis: 0 }),
      node("Split", "joined", "one other third fourth", { num_outputs: 4 }),
      node("Sub", "one other", "difference"),
      node("Sub", "third fourth", "another"),
      node("Concat", "image image", "wholes", { axis: 0 }),
      node("Concat", "tiles wholes", "beside", { axis: 2 }),
      node("Split", "beside", "former latter", { num_outputs: 2 }),
      node("Sub", "former latter", "curved"),
    ],
    ["apart"],
  ],
  "rows that take turns": [
    [
      node("Transpose", "image", "turned", { perm: [2, 3, 0, 1] }),
      node("Reshape", "turned lines", "rows"),
      node("LayerNormalization", "rows scale", "normal", { axis: 0 }),
      node("Reshape", "normal apartAgain", "normalApart"),
      node("Tanh", "normalApart", "ofAll"),
      node("LayerNormalization", "rows scale", "eachNormal"),
      node("MatMul", "eachNormal mixing", "product"),
      node("Mul", "product scale", "scaled"),
      node("Reshape", "scaled apartAgain", "eachApart"),
      node("Tanh", "eachApart", "ofEach"),
      node("Gather", "rows places", "some", { axis: 0 }),
      node("Reshape", "some placesAgain", "someApart"),
      node("Tanh", "someApart", "ofSome"),
      node("Transpose", "image", "inOrder", { perm: [0, 2, 3, 1] }),
      node("Reshape", "inOrder lines", "otherRows"),
      node("Add", "rows otherRows", "both"),
      node("Reshape", "both apartAgain", "bothApart"),
      node("Tanh", "bothApart", "ofBoth"),
    ],
    ["turned", "ofEach", "inOrder"],
  ],
  "in the middle, and then in front": [
    [
      node("Transpose", "image", "turned", { perm: [1, 2, 0, 3] }),
      node("Reshape", "turned line", "merged"),
      node("Tanh", "merged", "curved"),
    ],
    ["turned"],
  ],
  "beside one that is none of them": [
    [node("Concat", "image extra", "longer", { axis: 0 }), node("Tanh", "longer", "curved")],
    [],
  ],
  "the first of them beside all": [
    [node("Slice", "image zero second zero", "front"), node("Add", "image front", "sum")],
    [],
  ],
  "windows beside whole images": [
    [
      ...halves,
      node("Concat", "image image", "joined", { axis: 0 }),
      node("ReduceMean", "joined ends", "means"),
      node("Add", "tiles means", "both"),
      node("Split", "both", "one other", { num_outputs: 2 }),
      node("Sub", "one other", "difference"),
    ],
    ["apart"],
  ],
  "planes taken for channels": [
    [
      node("ReduceMean", "image second", "mean", { keepdims: 0 }),
      node("Sub", "image mean", "centred"),
      node("ReduceMean", "image second", "kept"),
      node("Sub", "image kept", "difference"),
      node("Less", "image mean", "below"),
      node("PRelu", "image mean", "bent"),
      node("Transpose", "mean", "turned", { perm: [0, 2, 1] }),
      node("MatMul", "image turned", "products"),
    ],
    ["mean", "kept", "difference", "turned"],
  ],
  "each of them twice": [
    [
      node("Gather", "image sameTwice", "doubled"),
      node("Split", "doubled", "one other", { num_outputs: 2 }),
      node("Tanh", "one", "curved"),
    ],
    ["doubled"],
  ],
  "lines of each, some of them twice": [
    [
      node("Reshape", "image linesOfPlanes", "rows"),
      node("Gather", "rows overlapping", "taken"),
      node("Reshape", "taken pairsOfLines", "pairs"),
      node("Tanh", "pairs", "curved"),
    ],
    ["taken", "curved"],
  ],
  "counted, and taken so": [
    [
      ...length,
      node("Range", "none count each", "numbers"),
      node("Gather", "image numbers", "same"),
      node("Tanh", "same", "curved"),
    ],
    ["same", "curved"],
  ],
};

test.each(Object.entries(networks))("%s: no image is mixed with another", (_, made) =>
  checkBatch(made),
);
