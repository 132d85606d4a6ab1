import { describe, expect, test } from "vitest";

import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { layerTable } from "../../../lib/networks/layers.ts";
import { requestHash } from "../../../lib/pipeline/job/job-id.ts";
import type { AnalysedNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { ChannelFinder } from "../../../lib/pipeline/request/find-summed.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { requestedLayer } from "../../../lib/pipeline/request/requested-layer.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { shortestRequest } from "../../../lib/pipeline/request/shortest-request.ts";
import { taskParts } from "../../../lib/optvis/ascent/task-parts.ts";
import { ascentTask } from "../../../lib/pipeline/render/ascent-task.ts";
import { emojinet } from "../../support/emojinet.ts";
import { normal } from "../../support/random.ts";
import { analysedTinyNetwork } from "../../support/tiny-network.ts";
import { problemsOf } from "./problems-of.ts";

const tiny = await analysedTinyNetwork();

const resolve = (targets: readonly object[], more: object = {}) =>
  resolveRequest(parseRequest({ network: "tiny", layer: "wide", targets, ...more }), tiny, null);

test("in normal form the own layer comes first, others follow by index, and all of one is its own", async () => {
  const { request, labels, layer, otherLayers } = await resolve(
    [
      { channels: { "classes:zebra": 0.5, 3: 1, "wide_relu:2": -2 } },
      { channels: { "wide:4": 1 } },
      { channels: { "5:tiger": 1, "classes:3": 0 } },
      { channels: { "2:1": 1, "3:1": 0 } },
    ],
    { method: "fourier" },
  );
  const [first] = request.targets!;
  expect(Object.entries(first!.channels!)).toEqual([
    ["3", 1],
    ["3:2", -2],
    ["5:3", 0.5],
  ]);
  expect(request.targets!.slice(1)).toEqual([
    { channel: 4 },
    { channels: { "5:2": 1 } },
    { channel: 1 },
  ]);
  expect(labels).toEqual(["#3 - 2*wide_relu#2 + 0.5*zebra", "#4", "tiger", "#1"]);
  expect(layer).toMatchObject({ index: 2, preActivation: false });
  expect(otherLayers).toEqual([
    { index: 3, name: "wide_relu", channels: 7, preActivation: true },
    { index: 5, name: "classes", channels: 5, preActivation: false },
  ]);
});

test("however it is written it is one job, and a person would write it with names", async () => {
  const named = await resolve([{ channels: { "classes:zebra": 0.5, 3: 1 } }]);
  const numbered = await resolve([{ channels: { "03": 1, "5:3": 0.5 } }]);
  expect(requestHash(numbered)).toBe(requestHash(named));
  const shortest = shortestRequest(named);
  expect(shortest["targets"]).toEqual([{ channels: { 3: 1, "classes:3": 0.5 } }]);
  const again = await resolveRequest(parseRequest(shortest), tiny, null);
  expect(again.request).toEqual(named.request);
  const other = await resolve([{ channels: { 3: 1, "4:3": 0.5 } }]);
  expect(requestHash(other)).not.toBe(requestHash(named));
});

test.each([
  [{ 8: 1, "5:1": 1 }, "targets[0].channels: given 8; wanted channels 1 to 7 of layer 'wide'"],
  [{ "5:6": 1 }, "targets[0].channels: given 6; wanted channels 1 to 5 of layer 'classes'"],
  [{ "wide:lion": 1 }, "targets[0].channels: given 'lion'; layer 'wide' does not feed the"],
  [{ "5:1:2": 1 }, "targets[0].channels: given '1:2'; wanted one channel of layer"],
  [
    { "clases:1": 1 },
    "given 'clases:1'; there is no layer 'clases' among 6; did you mean 'classes'",
  ],
  [{ "7:1": 1 }, "given '7:1'; there is no layer 7: indices are whole numbers from 1 to 6"],
  [{ "1:3": 1 }, "given '1:3'; layer 1 is the image itself; choose one of 2 to 6"],
  [{ "5:3": 1, "classes:zebra": 1 }, "given channel 5:3 more than once; wanted it once"],
])("refused by the network: %j", async (channels, wanted) => {
  const problems = await problemsOf(() => resolve([{ channels }]));
  expect(problems).toEqual([expect.stringContaining(wanted)]);
});

test("refused at a place: maps of several layers have none in common", async () => {
  const target = { channels: { 3: 1, "classes:2": 1 } };
  for (const at of ["centre", "each", [1, 1]]) {
    expect(await problemsOf(() => resolve([{ ...target, at }]))).toEqual([
      `targets[0].at: given ${JSON.stringify(at)}, with channels of other layers, whose maps have other places; leave it out`,
    ]);
  }
});

test("refused beyond as many layers in a sum, and as many sets of them, as are compiled", async () => {
  const { layers, problems } = emojinet;
  const others = layers.filter(({ index }) => index > 2 && !problems.has(index));
  const given = (targets: readonly object[]) =>
    problemsOf(() =>
      resolveRequest(parseRequest({ network: "emojinet", layer: 2, targets }), emojinet, null),
    );
  const sum = Object.fromEntries(others.slice(0, 17).map(({ index }) => [`${index}:1`, 1]));
  expect(await given([{ channels: sum }])).toEqual([
    "targets[0].channels: given channels of 17 layers; wanted at most 16",
  ]);
  const pairs = others.slice(0, 33).map(({ index }) => ({ channels: { 1: 1, [`${index}:1`]: 1 } }));
  expect(await given(pairs)).toEqual([
    "targets: given sums over 33 sets of layers; wanted at most 32 in one request; split them into several requests",
  ]);
});

test("the estimate is that of all layers together: of one alone that lies behind the others", async () => {
  const given = (targets: readonly object[]) =>
    resolveRequest(
      parseRequest({
        network: "emojinet",
        method: "fourier",
        preset: "channels",
        layer: 69,
        targets,
      }),
      emojinet,
      null,
    );
  const early = await given([{ channel: 3 }]);
  const deep = await given([{ channels: { 3: 1, "110:5": 1 } }]);
  const alone = await given([{ channels: { "110:5": 1 } }]);
  expect(deep.seconds!.step).toBeGreaterThan(early.seconds!.step);
  expect(deep.bytes).toBe(alone.bytes);
  expect(deep.bytes).toBeGreaterThan(early.bytes!);
  expect(deep.seconds).toEqual(alone.seconds);
});

test.each(["deepdream", "fourier"])(
  "a worker raises each target on the layers that it names, by %s",
  async (method) => {
    const sum = { channels: { "classes:zebra": 0.5, 3: 1, "wide_relu:2": -2 } };
    const { request } = await resolve([sum, { channel: 3 }, { channels: { "prob:4": 1 } }], {
      method,
    });
    const given = { network: tiny, request, channels: [1, 2, 3], initialImage: null };
    const none = { evaluate: () => Promise.reject(new Error("nothing to look at")) };
    const task = await ascentTask(none, { ...given, provider: "cpu" }, tiny.model);
    const raised = taskParts(task).map(({ task: part }) => {
      const { layer, targets, channels } = part;
      const { aim } = targets![channels[0]! - 1]!;
      const values = (layer.joined ?? [layer]).map(({ value }) => value);
      return [values, aim.kind === "channels" ? [...aim.weights] : aim];
    });
    const fed = method === "fourier" ? "wide" : "wide_relu";
    expect(raised).toEqual([
      [
        ["wide", fed, "classes"],
        [
          [3, 1],
          [7 + 2, -2],
          [7 + 7 + 3, 0.5],
        ],
      ],
      [["wide"], [[3, 1]]],
      [["output"], [[4, 1]]],
    ]);
  },
);

describe("names with colons", () => {
  const model = decodeModel(
    writeModel(
      sketch({
        inputs: { image: [1, 3, 4, 5] },
        nodes: [
          node("Conv", "image kernel", "a"),
          node("Tanh", "a", "a:2"),
          node("Sigmoid", "a:2", "a:2:0"),
          node("GlobalMaxPool", "a:2:0", "pool"),
          node("Softmax", "pool", "end", { axis: 1 }),
        ],
        outputs: ["end"],
        initializers: { kernel: normal([5, 3, 1, 1], 1) },
      }),
      18,
    ),
  );
  const layers = layerTable(model, specialise(model, [1, 3, 4, 5]));
  const labels = ["cat", "a:1", "3:4", "dog: small", "end"];
  const network = { ...tiny, layers, labels, problems: new Map() } satisfies AnalysedNetwork;
  const finderOf = (layer: string) =>
    new ChannelFinder(requestedLayer({ layer }, network), network);

  test.each([
    ["the longest layer that fits", "a", "a:2:0:3", { layer: 4, channel: 3 }],
    ["a shorter one with the rest", "a", "a:2:3", { layer: 3, channel: 3 }],
    ["the shortest", "a:2", "a:5", { layer: 2, channel: 5 }],
    ["a class of the own layer first", "end", "a:1", { layer: null, channel: 2 }],
    ["a class of another layer", "a", "end:dog: small", { layer: 6, channel: 4 }],
    ["two numbers, whatever a class is called", "end", "3:4", { layer: 3, channel: 4 }],
  ])("%s", (_, layer, key, found) => {
    expect(finderOf(layer).ofSum(key, "here")).toEqual({ found, problems: [] });
  });
});
