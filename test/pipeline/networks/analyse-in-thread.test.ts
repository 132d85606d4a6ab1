import { copyFile, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

import { describe, expect, onTestFinished, test, vi } from "vitest";

import { ModelError } from "../../../lib/onnx/errors.ts";
import { differentiableGraph } from "../../../lib/optvis/graph/differentiable-graph.ts";
import { layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { analyseInThread } from "../../../lib/pipeline/networks/analyse-in-thread.ts";
import {
  type AnalysedNetwork,
  analyseNetwork,
} from "../../../lib/pipeline/networks/analyse-network.ts";
import {
  HEAP_MB as USUAL_HEAP_MB,
  keepThread,
  startAnalysisAhead,
  takeThread,
} from "../../../lib/pipeline/networks/analysis-threads.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { CRAFTED_MODELS } from "../../support/crafted-models.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { countDuring, untilTrue } from "../../support/until.ts";

const HEAP_MB = 512;
/** A test that waits for it has found a thread that hangs. */
const NEVER_MS = 3_000_000;

/** A network whose model file has other bytes than it should. */
async function networkOf(bytes: Uint8Array) {
  const network = await tinyNetwork(await temporaryFolder());
  await writeFile(network.modelPath, bytes);
  return network;
}

const crafted = (name: string) => CRAFTED_MODELS.get(name)![0]();

describe("a network that is analysed in a thread", () => {
  test("is the same as one that is not, and can be rendered", async () => {
    const network = await tinyNetwork(await temporaryFolder());
    const [here, there] = [await analyseNetwork(network), await analyseInThread(network)];
    expect(there).toEqual(here);
    const graphOf = ({ model, layers }: AnalysedNetwork) => {
      const pass = layerPass(model.model, layers[1]!, [1, 3, 16, 16]);
      return differentiableGraph(pass, { objective: "mean", provider: "cpu" });
    };
    expect(graphOf(there)).toEqual(graphOf(here));
  });

  test("is not analysed again for a copy of its file, but for another input it is", async () => {
    const [network, copy] = [
      await tinyNetwork(await temporaryFolder()),
      await tinyNetwork(await temporaryFolder()),
    ];
    expect(copy.modelPath).not.toBe(network.modelPath);
    const [first, again] = [await analyseInThread(network), await analyseInThread(copy)];
    expect(again.model).toBe(first.model);
    expect(again.modelPath).toBe(copy.modelPath);
    const { description } = network;
    const other = { ...description, input: { ...description.input, scale: [2, 3, 4] } };
    const scaled = await analyseInThread({ ...network, description: other });
    expect([scaled.model.scale, first.model.scale]).toEqual([[2, 3, 4], description.input.scale]);
  });

  test("is analysed again after a failure", async () => {
    const network = await networkOf(crafted("a tensor of 100,000 axes"));
    await expect(analyseInThread(network)).rejects.toThrow(ModelError);
    const { modelPath } = await tinyNetwork(await temporaryFolder());
    await copyFile(modelPath, network.modelPath);
    expect((await analyseInThread(network)).layers.length).toBeGreaterThan(1);
  });

  test("is refused in the words that say what is wrong with its file", async () => {
    const network = await networkOf(crafted("a tensor of 100,000 axes"));
    const analysis = analyseInThread(network);
    await expect(analysis).rejects.toThrow(ModelError);
    await expect(analysis).rejects.toThrow(/tiny.onnx: tensor 'w' has 100000 axes/);
  });

  test("is refused past its deadline, and the next one is not kept waiting", async () => {
    const large = await networkOf(crafted("11,000 nodes of one name"));
    const small = await tinyNetwork(await temporaryFolder());
    const bounds = { heapMb: HEAP_MB, deadlineMs: 1, cpuMs: NEVER_MS };
    const late = analyseInThread(large, bounds).then(
      () => "in time",
      (error: Error) => error.message,
    );
    const next = analyseInThread(small);
    expect(await late).toMatch(/its analysis takes longer than 0.001 s; use/);
    expect((await next).layers.length).toBeGreaterThan(1);
  });

  test("is not refused for a time in which the machine slept", async () => {
    const now = performance.now.bind(performance);
    const spy = vi.spyOn(performance, "now").mockImplementation(() => 100_000 * now());
    onTestFinished(() => spy.mockRestore());
    const large = await networkOf(crafted("11,000 nodes of one name"));
    const bounds = { heapMb: HEAP_MB, deadlineMs: 600_000, cpuMs: NEVER_MS };
    expect((await analyseInThread(large, bounds)).layers).toHaveLength(11_002);
  });

  test.runIf(process.platform === "linux")(
    "is refused once it has had its share of a core, however long that takes",
    async () => {
      const large = await networkOf(crafted("11,000 nodes of one name"));
      const bounds = { heapMb: HEAP_MB, deadlineMs: NEVER_MS, cpuMs: 20 };
      await expect(analyseInThread(large, bounds)).rejects.toThrow(
        /its analysis takes longer than 0.02 s of a core; use a smaller model/,
      );
    },
  );

  test.runIf(process.platform === "linux")(
    "has the same share where its thread was started ahead",
    async () => {
      const large = await networkOf(crafted("11,000 nodes of one name"));
      // nothing that keeps the process is added
      const resources = process.getActiveResourcesInfo();
      startAnalysisAhead();
      const thread = takeThread(USUAL_HEAP_MB);
      expect(process.getActiveResourcesInfo()).toEqual(resources);
      await untilTrue(
        () => thread.isReady,
        () => "the thread does not become ready",
      );
      keepThread(thread);
      const bounds = { heapMb: USUAL_HEAP_MB, deadlineMs: NEVER_MS, cpuMs: 20 };
      await expect(analyseInThread(large, bounds)).rejects.toThrow(/than 0.02 s of a core/);
      await untilTrue(
        () => thread.hasEnded,
        () => "the thread does not end",
      );
    },
  );

  test("is refused when it wants more memory than there is, and the process lives", async () => {
    const network = await networkOf(crafted("100,000 attributes"));
    const analysis = analyseInThread(network, {
      heapMb: 48,
      deadlineMs: NEVER_MS,
      cpuMs: NEVER_MS,
    });
    await expect(analysis).rejects.toThrow(ModelError);
    await expect(analysis).rejects.toThrow(/takes more than 48 MB of memory/);
  });

  test("needs no memory for the numbers that its gradients are made of", async () => {
    const network = await networkOf(crafted("250 BatchNormalizations of 153,600 channels"));
    const { description } = network;
    const square = { ...description, input: { ...description.input, width: 16, height: 16 } };
    // as objects, two vectors for each are 600 MB
    const bounds = { heapMb: 192, deadlineMs: NEVER_MS, cpuMs: NEVER_MS };
    const { layers, problems } = await analyseInThread({ ...network, description: square }, bounds);
    expect(layers).toHaveLength(252);
    expect([...problems.values()].join()).toMatch(/elements of constants besides the weights/);
  });

  test("leaves this thread free meanwhile", async () => {
    const network = await networkOf(crafted("11,000 nodes of one name"));
    const analysis = analyseInThread(network);
    const turns = await countDuring(analysis, () => setTimeout(1));
    expect((await analysis).layers).toHaveLength(11_002);
    // had it been analysed here, there would have been one or two
    expect(turns).toBeGreaterThan(20);
  });
});
