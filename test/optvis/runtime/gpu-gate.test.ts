import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";

import { describe, expect, onTestFinished, test, vi } from "vitest";

import { GpuGate, type GatedGraph } from "../../../lib/optvis/runtime/gpu-gate.ts";
import { GraphBuilder } from "../../../lib/onnx/graph-builder.ts";
import type { SessionGraph } from "../../../lib/optvis/runtime/session-graph.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { fakeNvidiaSmi, smiLines } from "../../support/fake-nvidia-smi.ts";

/** A driver that does something else to its process. */
const FAKE = new URL("./fake-gate-child.mjs", import.meta.url);
const gateOf = (behaviour: string, more = {}) =>
  new GpuGate({
    child: [FAKE, behaviour],
    providers: ["webgpu"],
    patienceSeconds: 600,
    threads: 4,
    ...more,
  });

test("what a card has free is asked before it is tried, once", async () => {
  const answers = fakeNvidiaSmi();
  vi.resetModules();
  const gates = await import("../../../lib/optvis/runtime/gpu-gate.ts");
  const { freeCardBytes } = await import("../../../lib/optvis/runtime/card-memory.ts");
  answers(smiLines([4096]));
  const gate = new gates.GpuGate({ child: [FAKE, "right"], providers: ["cuda"] });
  expect(await gate.machine()).toMatchObject({ isFit: true, provider: "cuda" });
  answers(smiLines([17]));
  expect(await freeCardBytes()).toBe(4_294_967_296);
});

describe("a machine", () => {
  test("with an adapter that is right and fast renders on it", async () => {
    expect(await gateOf("right").machine()).toEqual({
      isFit: true,
      provider: "webgpu",
      speedup: 20,
      drivers: ["libvulkan_card.so"],
    });
  });

  test.each([
    [
      "slow",
      "WebGPU (libvulkan_card.so) has 0.5 times the speed of a thread of the CPU, wanted at least 1",
    ],
    ["without", "WebGPU is not available to ONNX Runtime here: no adapter"],
    ["crash", "WebGPU is not used: its driver ended its process (SIGSEGV) while opening it"],
    ["exit", "WebGPU is not used: its driver ended its process (exit code 3) while opening it"],
  ])("%s: the CPU, with a line that says why", async (behaviour, reason) => {
    expect(await gateOf(behaviour).machine()).toEqual({ isFit: false, reason });
  });

  test("whose driver hangs: the CPU, and the process is ended", async () => {
    const gate = gateOf("hang", { patienceSeconds: 0.01 });
    expect(await gate.machine()).toEqual({
      isFit: false,
      reason: expect.stringMatching(/its driver has not answered in 0.01 s while \w+/),
    });
  });

  test("is given the time that the CPU takes, which says nothing of its driver", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const done = join(await temporaryFolder(), "done");
    const child = [FAKE, "computing", done] as const;
    const verdict = new GpuGate({ child, providers: ["webgpu"] }).machine();
    // patience with its start, and then none
    for (const timers of [1, 0]) while (vi.getTimerCount() !== timers) await nextTurn();
    vi.advanceTimersByTime(3_600_000);
    await writeFile(done, "");
    expect(await verdict).toMatchObject({ isFit: true });
  });

  test("where no process can be started: the CPU, for this time", async () => {
    const child = [new URL("https://example.org/child.mjs")] as const;
    expect(await new GpuGate({ child, providers: ["webgpu"] }).machine()).toEqual({
      isFit: false,
      reason: expect.stringMatching(/^WebGPU is not used: its driver could not be tried \(.+\)/),
      isPassing: true,
    });
  });

  test("is tried whatever Node was started with", async () => {
    // as by node --input-type=module --eval
    process.execArgv.push("--input-type=module");
    onTestFinished(() => void process.execArgv.pop());
    expect(await gateOf("right").machine()).toMatchObject({ isFit: true });
  });

  test("is asked once, and neither awaited for ever nor spoken of once nobody waits", async () => {
    const lines: string[] = [];
    const gate = gateOf("hang", { tell: (line: string) => void lines.push(line) });
    const [first, second] = [gate.machine(), gate.machine()];
    expect(first).toBe(second);
    await new Promise((resolve) => setImmediate(resolve));
    gate.close();
    expect(await first).toEqual({
      isFit: false,
      reason: expect.stringContaining("was not awaited"),
      isPassing: true,
    });
    expect(lines).toEqual([]);
  });

  test("that was answered for leaves nobody to hear of the gate's end", async () => {
    const listening = vi.spyOn(AbortSignal.prototype, "addEventListener");
    const leaving = vi.spyOn(AbortSignal.prototype, "removeEventListener");
    await gateOf("right").machine();
    const [type, listener] = listening.mock.calls[0]!;
    expect(listening).toHaveBeenCalledOnce();
    expect(leaving.mock.calls.map((call) => call.slice(0, 2))).toContainEqual([type, listener]);
  });

  test("is not tried by a gate that is closed", async () => {
    const gate = gateOf("hang");
    gate.close();
    const reason = "WebGPU was not tried";
    expect(await gate.machine()).toEqual({ isFit: false, reason, isPassing: true });
  });

  test("that failed on the way is not tried again, unless it was for want of memory", async () => {
    const lines: string[] = [];
    const gate = gateOf("right", { tell: (line: string) => void lines.push(line) });
    expect(await gate.machine()).toMatchObject({ isFit: true });
    gate.giveUp({ isFit: false, reason: "WebGPU failed: there is no more", isPassing: true });
    expect(await gate.machine()).toMatchObject({ isFit: true });
    const lost = { isFit: false, reason: "WebGPU failed: the device is lost" } as const;
    gate.giveUp(lost);
    expect(await gate.machine()).toEqual(lost);
    expect(lines).toEqual([
      "the rest is rendered on the CPU: WebGPU failed: there is no more",
      "the rest is rendered on the CPU: WebGPU failed: the device is lost",
    ]);
  });

  test("takes as many images at once as its provider, from when it is known to be of use", async () => {
    for (const [provider, images] of [
      ["cuda", 32],
      ["webgpu", 1],
    ] as const) {
      const gate = gateOf("right", { providers: [provider] });
      expect(gate.imagesAtOnce()).toBe(0);
      await gate.machine();
      expect(gate.imagesAtOnce()).toBe(images);
      gate.giveUp({ isFit: false, reason: "others have its memory", isPassing: true });
      expect(gate.imagesAtOnce()).toBe(images);
      gate.giveUp({ isFit: false, reason: "the device is lost" });
      expect(gate.imagesAtOnce()).toBe(0);
    }
    const without = gateOf("without");
    await without.machine();
    expect(without.imagesAtOnce()).toBe(0);
  });

  test("tries the providers in order, and says of each why not", async () => {
    const gate = gateOf("only webgpu", { providers: ["cuda", "webgpu"] });
    expect(await gate.machine()).toMatchObject({ isFit: true, provider: "webgpu" });
    expect(await gateOf("without", { providers: ["cuda", "webgpu"] }).machine()).toEqual({
      isFit: false,
      reason:
        "CUDA is not available to ONNX Runtime here: no adapter; WebGPU is not available to ONNX Runtime here: no adapter",
    });
  });
});

describe("a graph", () => {
  const double = (provider: "cpu" | "webgpu"): SessionGraph => {
    const graph = new GraphBuilder();
    const x = graph.input("x", "float32", [2]);
    const y = graph.emit("Add", [x, x]);
    const recipe = { kind: "graph", graph: graph.build("double", [["y", y]]) } as const;
    return { key: provider, provider, recipe };
  };
  const feeds = { x: floatTensor([2], [1, 2]) };
  const gated: GatedGraph = {
    graphs: { cpu: double("cpu"), gpu: double("webgpu") },
    feeds: { cpu: { first: feeds, timed: feeds }, gpu: { first: feeds, timed: feeds } },
    copies: 1,
  };

  test("is compared with all the CPU's threads", async () => {
    // 1 s an image on one of 4 threads against 0.05 s
    expect(await gateOf("right").graph("double", async () => gated)).toMatchObject({ speedup: 5 });
    expect(await gateOf("right", { threads: 40 }).graph("double", async () => gated)).toEqual({
      isFit: false,
      reason: "WebGPU (libvulkan_card.so) has 0.5 times the speed of the CPU, wanted at least 1",
    });
  });

  test("is timed with as many images as the GPU takes at once", async () => {
    // on 40 threads the CPU draws one in 0.025 s, and the GPU 8 in 0.05 s
    const many = gateOf("right", { threads: 40 }).graph("double", async () => ({
      ...gated,
      copies: 8,
    }));
    expect(await many).toMatchObject({ isFit: true, speedup: 4 });
  });

  test("that is wrong on the GPU stays on the CPU, and is tried once", async () => {
    let asked = 0;
    const ask = async () => {
      asked += 1;
      return gated;
    };
    const gate = gateOf("wrong graph");
    const reason = "WebGPU's image_out is 1.41 of its norm away";
    expect(await gate.graph("double", ask)).toEqual({ isFit: false, reason });
    expect(await gate.graph("double", ask)).toEqual({ isFit: false, reason });
    expect(asked).toBe(1);
    await gate.graph("another", ask);
    expect(asked).toBe(2);
  });

  test("that found the card's memory taken is tried again", async () => {
    let asked = 0;
    const gate = gateOf("full graph");
    const ask = async () => {
      asked += 1;
      return gated;
    };
    expect(await gate.graph("double", ask)).toMatchObject({ isFit: false, isPassing: true });
    await gate.graph("double", ask);
    expect(asked).toBe(2);
  });

  test("that cannot be written for the GPU stays on the CPU", async () => {
    const broken = () => {
      throw new Error("Sin 's': WebGPU computes it to three digits only; render it on the CPU");
    };
    expect(await gateOf("right").graph("sine", broken)).toEqual({
      isFit: false,
      reason: "Sin 's': WebGPU computes it to three digits only; render it on the CPU",
    });
  });

  test("is not tried on a machine that has not passed", async () => {
    const never = () => {
      throw new Error("it was asked for");
    };
    expect(await gateOf("without").graph("double", never)).toEqual({
      isFit: false,
      reason: "WebGPU is not available to ONNX Runtime here: no adapter",
    });
  });
});

test("the real child says of a machine without CUDA that it has none", async () => {
  const verdict = await new GpuGate({ providers: ["cuda"] }).machine();
  if (verdict.isFit) return;
  expect(verdict.reason).toMatch(/^CUDA is not available to ONNX Runtime here: .+$/);
});
