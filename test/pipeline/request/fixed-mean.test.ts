import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { openNetwork } from "../../../lib/networks/registry.ts";
import { networkFolders } from "../../../lib/networks/folders.ts";
import {
  type AnalysedNetwork,
  analyseNetwork,
} from "../../../lib/pipeline/networks/analyse-network.ts";
import { parseRequest, RequestError } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

/** As style transfer has them, instances are standardised; as transformers, tokens weighed. */
let network: AnalysedNetwork;
let folder: string;
afterAll(() => rm(folder, { recursive: true }));
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fixed-mean-"));
  const graph = sketch({
    inputs: { image: [1, 3, 24, 24] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("InstanceNormalization", "maps ones zeros", "normed"),
      node("Relu", "normed", "rectified"),
      node("Conv", "rectified pointwise", "more"),
      node("Relu", "more", "plain"),
      node("Reshape", "plain to_heads", "heads"),
      node("Transpose", "heads", "turned", { perm: [0, 1, 3, 2] }),
      node("MatMul", "heads turned", "scores"),
      node("Softmax", "scores", "attention", { axis: -1 }),
      node("Softmax", "more", "classes", { axis: 1 }),
      node("Concat", "rectified plain", "joined", { axis: 1 }),
      node("GlobalAveragePool", "joined", "joined_means"),
      node("Flatten", "joined_means", "flat_means"),
      node("GlobalMaxPool", "plain", "plain_most"),
      // PyTorch's own arithmetic
      node("ReduceMean", "maps places", "mean"),
      node("Sub", "maps mean", "centred"),
      node("Pow", "centred two", "squares"),
      node("ReduceMean", "squares places", "variance"),
      node("Add", "variance epsilon", "above"),
      node("Sqrt", "above", "deviation"),
      node("Div", "centred deviation", "standard"),
      node("Mul", "slopes standard", "sloped"),
      node("Add", "sloped slopes", "written"),
      node("Relu", "written", "written_relu"),
      // TensorFlow's: x r + (b - m r)
      node("Reciprocal", "deviation", "inverse"),
      node("Mul", "inverse slopes", "r"),
      node("Mul", "mean r", "mean_r"),
      node("Sub", "slopes mean_r", "rest"),
      node("Mul", "maps r", "maps_r"),
      node("Add", "maps_r rest", "batch"),
      // with a channel's mean of the image in it, as squeeze and excitation has
      node("Mul", "written mean", "gated"),
      node("Add", "standard maps", "residual"),
      // over channels: of tokens, not of maps
      node("ReduceMean", "maps channel", "across"),
      node("Sub", "maps across", "layer_norm"),
      node("ReduceMean", "maps all", "whole"),
      node("Sub", "maps whole", "group_norm"),
      node("Sub", "mean_r maps_r", "turned_round"),
      // what PyTorch writes of weights that are equal or of half precision, and TensorFlow of [C]
      node("Identity", "zeros", "shared_zeros"),
      node("InstanceNormalization", "maps ones shared_zeros", "normed_again"),
      node("Relu", "normed_again", "rectified_again"),
      node("Reshape", "ones by_channel", "ones_by_channel"),
      node("Mul", "ones_by_channel standard", "scaled"),
      // as PyTorch writes view(N, C, -1).mean(2), and the same of rows [N C, H W]
      node("Reshape", "maps to_rows", "in_row"),
      node("ReduceMean", "in_row behind", "row_means", { keepdims: 0 }),
      node("Reshape", "row_means by_channel", "row_means_of_maps"),
      node("Sub", "maps row_means_of_maps", "adaptive"),
      node("Reshape", "maps to_lines", "lines"),
      node("ReduceMean", "lines channel", "line_means"),
      node("Sub", "lines line_means", "centred_lines"),
      node("Reshape", "centred_lines to_maps", "of_lines"),
      node("Neg", "of_lines", "by_lines"),
      // GroupNorm, of groups of one channel and of two
      node("InstanceNormalization", "in_row ones zeros", "groups"),
      node("Reshape", "groups to_maps", "of_groups"),
      node("Mul", "of_groups slopes", "instance_norm"),
      node("Reshape", "maps to_pairs", "pairs"),
      node("InstanceNormalization", "pairs two_ones two_zeros", "normed_pairs"),
      node("Reshape", "normed_pairs to_maps", "of_pairs"),
      node("Mul", "of_pairs slopes", "pair_norm"),
      // numbers of all channels by turns
      node("Reshape", "maps to_turns", "turns"),
      node("ReduceMean", "turns channel", "turn_means", { keepdims: 0 }),
      node("Reshape", "turn_means by_channel", "turn_means_of_maps"),
      node("Sub", "maps turn_means_of_maps", "by_turns"),
    ],
    outputs:
      `attention classes flat_means plain_most gated residual layer_norm group_norm turned_round rectified_again scaled
      adaptive by_lines instance_norm pair_norm by_turns`.split(/\s+/),
    initializers: {
      kernel: normal([4, 3, 3, 3], 1),
      pointwise: normal([4, 4, 1, 1], 2),
      ones: floatTensor([4], [1, 1, 1, 1]),
      zeros: floatTensor([4], [0, 0, 0, 0]),
      to_heads: intsTensor([0, 4, 22, 22]),
      places: intsTensor([-1, 2]),
      channel: intsTensor([1]),
      all: intsTensor([1, 2, 3]),
      by_channel: intsTensor([1, 4, 1, 1]),
      behind: intsTensor([2]),
      to_rows: intsTensor([0, 4, -1]),
      to_lines: intsTensor([4, -1]),
      to_maps: intsTensor([1, 4, 22, 22]),
      to_pairs: intsTensor([1, 2, -1]),
      to_turns: intsTensor([1, -1, 4]),
      two_ones: floatTensor([2], [1, 1]),
      two_zeros: floatTensor([2], [0, 0]),
      two: floatTensor([], [2]),
      epsilon: floatTensor([], [1e-5]),
      slopes: normal([4, 1, 1], 3),
    },
  });
  const path = join(folder, "normed.onnx");
  await writeFile(path, writeModel(graph, 18));
  network = await analyseNetwork(await openNetwork(path, networkFolders({})));
});

const MEAN = { method: "fourier", objective: "mean" };

const resolve = (layer: string, more: object) => {
  const drawn = "targets" in more ? more : { channels: [1], ...more };
  const request = parseRequest({ network: "normed", layer, cropSize: 24, ...drawn });
  return resolveRequest(request, network, null);
};

test.each([
  ["normed", "InstanceNormalization 'normed'"],
  ["attention", "Softmax 'attention'"],
  ["centred", "Sub 'centred'"],
  ["standard", "Div 'standard'"],
  ["written", "Add 'written'"],
  ["batch", "Add 'batch'"],
  ["turned_round", "Sub 'turned_round'"],
  ["normed_again", "InstanceNormalization 'normed_again'"],
  ["scaled", "Mul 'scaled'"],
  ["adaptive", "Sub 'adaptive'"],
  ["by_lines", "Neg 'by_lines'"],
  ["instance_norm", "Mul 'instance_norm'"],
])("the mean of a channel of '%s' is refused, since no image raises it", async (layer, by) => {
  const resolving = resolve(layer, MEAN);
  await expect(resolving).rejects.toThrow(RequestError);
  await expect(resolving).rejects.toThrow(
    `objective: no image raises the mean of a channel of layer '${layer}': ${by} makes it the same for all; give "rectified", or choose another layer`,
  );
  await expect(resolve(layer, { ...MEAN, objective: "rectified" })).resolves.toBeDefined();
  const neuron = { method: "fourier", targets: [{ channel: 1, at: [2, 2] }] };
  await expect(resolve(layer, neuron)).resolves.toBeDefined();
});

const RAISED =
  "maps rectified plain classes written_relu maps_r gated residual layer_norm group_norm pair_norm by_turns";

test.each(RAISED.split(" "))("that of '%s' is not", async (layer) => {
  await expect(resolve(layer, MEAN)).resolves.toBeDefined();
});

test("behind a ReLU what feeds it is raised, but not the mean that is the same for all images", async () => {
  const isOfFed = async (layer: string, more: object) =>
    (await resolve(layer, more)).layer.preActivation;
  expect(await isOfFed("plain", MEAN)).toBe(true);
  expect(await isOfFed("rectified", MEAN)).toBe(false);
  expect(await isOfFed("written_relu", MEAN)).toBe(false);
  expect(await isOfFed("rectified_again", MEAN)).toBe(false);
  // joined or pooled: none of them, or all
  for (const layer of ["joined", "joined_means", "flat_means"]) {
    expect(await isOfFed(layer, MEAN)).toBe(false);
    expect(await isOfFed(layer, { ...MEAN, objective: "rectified" })).toBe(true);
  }
  expect(await isOfFed("plain_most", MEAN)).toBe(true);
  expect(await isOfFed("written_relu", { ...MEAN, objective: "rectified" })).toBe(true);
  expect(await isOfFed("rectified", { ...MEAN, targets: [{ channel: 2 }] })).toBe(false);
  expect(await isOfFed("rectified", { ...MEAN, objective: "rectified" })).toBe(true);
  const neuron = [{ channel: 1, at: [2, 2] }];
  expect(await isOfFed("rectified", { method: "fourier", targets: neuron })).toBe(true);
});
