import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { addNetwork } from "../../lib/networks/add.ts";
import { openNetwork } from "../../lib/networks/registry.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { temporaryFolder } from "./temporary-folder.ts";

interface Said {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Nodes of ONNX's operators on classes that follow the scores. */
  readonly tail?: ReturnType<typeof node>[];
}

async function fileOf({ metadata = {}, tail = [] }: Said): Promise<string> {
  const graph = sketch({
    inputs: { image: [1, 3, 6, 5] },
    nodes: [
      node("GlobalAveragePool", "image", "pool"),
      node("Flatten", "pool", "flat"),
      node("Gemm", "flat classes", "scores"),
      ...tail.map((each) => ({ ...each, domain: each.domain || "ai.onnx.ml" })),
    ],
    outputs: ["scores"],
    initializers: { classes: normal([3, 3], 1) },
  });
  const path = join(await temporaryFolder(), "net.onnx");
  const bytes = writeModel(graph, 17, (model) => {
    const message = model.metadataProps;
    for (const [key, value] of Object.entries(metadata)) {
      message.push({ $typeName: "onnx.StringStringEntryProto", key, value });
    }
  });
  await writeFile(path, bytes);
  return path;
}

const NOWHERE = { folders: [], cacheFolder: "/none" };
const labelsOf = async (said: Said) => (await openNetwork(await fileOf(said), NOWHERE)).labels;

const names = (value: string) => ({ metadata: { names: value } });

test.each<[string, Said, readonly string[] | null]>([
  [
    "in the dictionary of Ultralytics's exporter",
    names(`{0: 'tench', 1: "shepherd's dog", 2: 'Tom\\'s "cat"'}`),
    ["tench", "shepherd's dog", `Tom's "cat"`],
  ],
  [
    "in JSON, in any order",
    { metadata: { class_names: '{"1": "caf\\u00e9, bar", "0": "road"}' } },
    ["road", "café, bar"],
  ],
  ["in a list", names(`["not 1: road", 'road']`), ["not 1: road", "road"]],
  [
    "for scores, as Custom Vision's exports do",
    { tail: [node("ZipMap", "scores", "map", { classlabels_strings: ["cat", "dog", "newt"] })] },
    ["cat", "dog", "newt"],
  ],
  [
    "for the largest score",
    {
      tail: [
        node("LabelEncoder", "scores", "label", {
          keys_int64s: [1, 0],
          values_strings: ["dog", "cat"],
        }),
      ],
    },
    ["cat", "dog"],
  ],
  [
    "in several places, the first of them",
    {
      metadata: { class_names: "['b']", names: " ['a\\tb', 'c']" },
      tail: [node("ZipMap", "scores", "map", { classlabels_strings: ["d"] })],
    },
    ["a b", "c"],
  ],
  [
    "for an operator of its own",
    {
      tail: [
        {
          ...node("ZipMap", "scores", "map", { classlabels_strings: ["cat", "dog"] }),
          domain: "com.example",
        },
      ],
    },
    null,
  ],
  [
    "for some of the scores",
    {
      tail: [
        node("LabelEncoder", "scores", "label", { keys_int64s: [0], values_strings: ["a", "b"] }),
      ],
    },
    null,
  ],
  ["with a class left out", names("{0: 'cat', 2: 'dog'}"), null],
  ["with a class named twice", names("{0: 'cat', 0: 'dog'}"), null],
  ["that are no names", names("{'0': 4, '1': 5}"), null],
  ["nowhere", {}, null],
])("class names that a file has %s are its labels", async (_, said, wanted) => {
  expect(await labelsOf(said)).toEqual(wanted);
});

test("a network that is added keeps the names of its file, unless others are given", async () => {
  const modelPath = await fileOf(names("{0: 'cat', 1: 'great  dane', 2: 'newt'}"));
  const folder = await temporaryFolder();
  const other = join(folder, "other.txt");
  await writeFile(other, "a\nb\nc\n");
  for (const [id, labelsPath] of [
    ["own", null],
    ["given", other],
  ] as const) {
    await addNetwork(
      { id, modelPath, labelsPath, licence: "none" },
      { folder, folders: [], check: async () => undefined },
    );
  }
  const opened = { folders: [folder], cacheFolder: folder };
  expect((await openNetwork("own", opened)).labels).toEqual(["cat", "great dane", "newt"]);
  expect((await openNetwork("given", opened)).labels).toEqual(["a", "b", "c"]);
});
