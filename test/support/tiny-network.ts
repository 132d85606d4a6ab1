import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { NetworkDescription } from "../../lib/networks/description.ts";
import { type Network, openNetwork } from "../../lib/networks/registry.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";
import {
  type AnalysedNetwork,
  analyseNetwork,
} from "../../lib/pipeline/networks/analyse-network.ts";
import { uniform } from "./random.ts";

export const CLASS_NAMES = ["snail", "tiger", "zebra, Equus", "castle", "fountain"] as const;

export interface TinyNetworkOptions {
  readonly id?: string;
  /** Channels of its layer `wide`. */
  readonly wideChannels?: number;
  readonly seed?: number;
  /** @default none */
  readonly recipes?: NonNullable<NetworkDescription["recipes"]>;
}

/**
 * A network of images 16 x 20 in a folder of its own: layer 2 `wide` (Conv), 3 its ReLU, 4 the
 * pool, 5 `classes` (Gemm), 6 `prob`.
 */
export async function tinyNetwork(
  folder: string,
  { id = "tiny", wideChannels = 7, seed = 1, recipes }: TinyNetworkOptions = {},
): Promise<Network> {
  const model = tinyModel(wideChannels, seed);
  const sha256 = createHash("sha256").update(model).digest("hex");
  const description = {
    id,
    licence: "CC0",
    files: [{ file: "tiny.onnx", sha256 }],
    input: { name: "image", width: 20, height: 16, channelOrder: "RGB", mean: [121, 122, 123] },
    labels: "labels.txt",
    recipes,
  };
  await mkdir(join(folder, id), { recursive: true });
  await writeFile(join(folder, id, "tiny.onnx"), model);
  await writeFile(join(folder, id, "labels.txt"), `${CLASS_NAMES.join("\n")}\n`);
  await writeFile(join(folder, id, "network.json"), JSON.stringify(description));
  return openNetwork(id, { folders: [folder], cacheFolder: folder });
}

/** The same, analysed; its folder is gone. */
export async function analysedTinyNetwork(): Promise<AnalysedNetwork> {
  const folder = await mkdtemp(join(tmpdir(), "tiny-network-"));
  try {
    return await analyseNetwork(await tinyNetwork(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tinyModel(wideChannels: number, seed: number): Uint8Array {
  const graph = new GraphBuilder();
  const node = (op: string, name: string, inputs: readonly string[], attributes = {}) =>
    graph.append({ op, name, domain: "", inputs, outputs: [name], attributes })[0]!;
  const weight = (name: string, shape: readonly number[], weightSeed: number) =>
    graph.initializer(name, uniform(shape, weightSeed, [-1, 1]));
  const classes = CLASS_NAMES.length;

  const image = graph.input("image", "float32", [1, 3, 16, 20]);
  const kernel = weight("kernel", [wideChannels, 3, 1, 1], seed);
  const wide = node("Conv", "wide", [image, kernel]);
  const relu = node("Relu", "wide_relu", [wide]);
  const pooled = node("GlobalAveragePool", "pool", [relu]);
  const flat = node("Flatten", "flat", [pooled], { axis: 1 });
  const matrix = weight("matrix", [classes, wideChannels], seed + 1);
  const bias = graph.initializer("bias", floatTensor([classes], [0, 0, 0, 0, 0]));
  const logits = node("Gemm", "classes", [flat, matrix, bias], { transB: 1 });
  const prob = node("Softmax", "prob", [logits], { axis: 1 });
  return encodeModel(graph.build("tiny", [["output", prob]]));
}
