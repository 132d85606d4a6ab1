import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { ClassNameError } from "../../lib/networks/errors.ts";
import { classChannel, classNamesOf, parseLabels } from "../../lib/networks/labels.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import { intsTensor } from "../../lib/onnx/tensor.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

const SYNSETS = `n01440764 tench , Tinca tinca
n01443537 goldfish, Carassius auratus
n02012849 crane
n03126707 crane\r
n02391049 zebra
`;

const find = (name: string) => classChannel(parseLabels(SYNSETS), name);

test("one name a line; of ImageNet's lines the first synonym", () => {
  expect(parseLabels(SYNSETS)).toEqual(["tench", "goldfish", "crane", "crane", "zebra"]);
  expect(parseLabels("cat \r\n dog, of sorts\r\n\nlast\n\n")).toEqual([
    "cat",
    "dog, of sorts",
    "",
    "last",
  ]);
});

test.each([
  ["goldfish", 2],
  ["ZEBRA", 5],
  [" Tench ", 1],
])("'%s' is channel %i", (name, channel) => {
  expect(classChannel(parseLabels(SYNSETS), name)).toBe(channel);
});

test("a whole label wins over a first synonym, which will do otherwise", () => {
  const labels = ["great white shark, white shark", "tiger, big cat", "tiger", "Tiger_face"];
  expect(classChannel(labels, "great white shark")).toBe(1);
  expect(classChannel(labels, "tiger")).toBe(3);
  expect(classChannel(labels, "tiger, big cat")).toBe(2);
  expect(classChannel(labels, "tiger - face")).toBe(4);
});

test("a name of two classes is refused with their channels", () => {
  expect(() => find("crane")).toThrow(ClassNameError);
  expect(() => find("crane")).toThrow(
    "2 classes are called 'crane'; give the channel number: 3 or 4",
  );
});

test("an unknown name is refused with the nearest", () => {
  expect(() => find("zebar")).toThrow("no class is called 'zebar' among 5; did you mean 'zebra'?");
  expect(() => find("gold")).toThrow("did you mean 'goldfish'?");
  expect(() => find("qqqqqq")).toThrow("see the network's labels file");
});

test("the model card's six classes of emojinet", async () => {
  const path = new URL("../../models/emojinet/labels.txt", import.meta.url);
  const labels = parseLabels(await readFile(path, "utf8"));
  expect(labels).toHaveLength(567);
  const names = ["snail", "tiger", "zebra", "castle", "fountain", "strawberry"];
  expect(names.map((name) => classChannel(labels, name))).toEqual([456, 510, 567, 85, 203, 480]);
});

test("names are those of the layers behind which nothing is learned, whatever is told of their classes", () => {
  const graph = sketch({
    inputs: { image: [1, 3, 6, 5] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("GlobalAveragePool", "maps", "pool"),
      node("Flatten", "pool", "flat"),
      node("Gemm", "flat classes", "logits"),
      node("Softmax", "logits", "prob"),
      node("ArgMax", "prob", "largest", { axis: 1 }),
      node("TopK", "prob two", "best which"),
      // a second head, after the classes in the file
      node("Gemm", "flat more", "hidden"),
      node("Gemm", "hidden boxes", "corners"),
    ],
    outputs: ["largest", "best", "corners"],
    initializers: {
      kernel: normal([4, 3, 3, 3], 1),
      classes: normal([4, 3], 2),
      two: intsTensor([2]),
      more: normal([4, 3], 3),
      boxes: normal([3, 5], 4),
    },
  });
  const model = decodeModel(writeModel(graph, 17));
  const layers = layerTable(model, specialise(model, [1, 3, 6, 5]));
  const names = ["cat", "dog", "snail"];
  const named = layers.filter((layer) => classNamesOf(layer, layers, names) !== null);
  expect(named.map(({ name }) => name)).toEqual(["logits", "prob"]);
});
