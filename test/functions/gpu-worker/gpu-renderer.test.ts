import { beforeEach, describe, expect, test } from "vitest";

import { cudaFailureOf } from "../../../functions/gpu-worker/cuda-failure.ts";
import { GpuRenderer } from "../../../functions/gpu-worker/gpu-renderer.ts";
import { DerivedTensors } from "../../../lib/onnx/derived-tensors.ts";
import type {
  RenderedChannel,
  Renderer,
  RenderTask,
} from "../../../lib/pipeline/render/renderer.ts";
import { completeRequestSchema } from "../../../lib/pipeline/request/complete-request.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";

describe("cudaFailureOf", () => {
  test.each([
    // as ONNX Runtime 1.29 words them
    [
      "out-of-memory",
      "Non-zero status code returned while running Conv node. Name:'c' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 4294967296",
    ],
    [
      "out-of-memory",
      "CUDA failure 2: out of memory ; GPU=0 ; hostname=h ; expr=cudaMalloc(&p, size);",
    ],
    ["out-of-memory", "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0"],
    ["sticky", "CUDA failure 700: an illegal memory access was encountered ; GPU=0"],
    ["sticky", "CUDA failure 719: unspecified launch failure ; GPU=0"],
    ["sticky", "CUDA error 214: uncorrectable ECC error encountered"],
    ["sticky", "CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0"],
    [
      "other",
      "Non-zero status code returned while running Reshape node. Status Message: 700 is no shape",
    ],
    ["other", "CUDA failure 1: invalid argument"],
    ["other", "CUDA failure 2000: something else"],
  ])("%s: %s", (failure, message) => {
    expect(cudaFailureOf(new Error(message))).toBe(failure);
    expect(cudaFailureOf(new Error("the thread ended", { cause: new Error(message) }))).toBe(
      failure,
    );
  });
});

const network: RenderTask["network"] = {
  description: {
    id: "n",
    licence: "CC0",
    files: [],
    input: {
      name: "x",
      width: 8,
      height: 8,
      channelOrder: "RGB",
      mean: [0, 0, 0],
      scale: [1, 1, 1],
    },
    labels: null,
  },
  modelPath: "/none",
  file: { file: "none.onnx", sha256: "0", sizeBytes: null, source: null },
  labels: null,
  model: {
    model: {
      graph: { name: "n", inputs: [], outputs: [], nodes: [], initializers: new Map() },
      folded: new Map(),
      derived: new DerivedTensors(),
      sourceOpset: 18,
    },
    fingerprint: "0",
    inputSize: { width: 8, height: 8 },
    scale: [1, 1, 1],
    mean: [0, 0, 0],
    planes: [0, 1, 2],
  },
  layers: [],
  problems: new Map(),
};

const channels = [9, 2, 7, 4, 5];
const request = completeRequestSchema.parse({ network: "n", layer: 2, channels });
const task: RenderTask = {
  network,
  request,
  channels,
  initialImage: null,
  provider: "cuda",
};

/** Memory for `capacity` images. */
class SmallCard implements Renderer {
  readonly fake = new FakeRenderer();
  readonly asked: number[] = [];
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async render(...[given, hooks]: Parameters<Renderer["render"]>) {
    this.asked.push(given.channels.length);
    if (given.channels.length > this.#capacity) throw new Error("CUDA failure 2: out of memory");
    return this.fake.render(given, hooks);
  }

  examine() {
    return this.fake.examine();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

let broken: unknown[];
const onBroken = (error: unknown) => void broken.push(error);

/** Renders until it throws the error. */
function failing(message: string): Promise<unknown> {
  const renderer = new FakeRenderer({ beforeChannel: () => Promise.reject(new Error(message)) });
  return new GpuRenderer(renderer, onBroken).render(task);
}

describe("GpuRenderer", () => {
  beforeEach(() => {
    broken = [];
  });

  test("halves the batch until it fits, and remembers", async () => {
    const card = new SmallCard(2);
    const renderer = new GpuRenderer(card, onBroken);
    const results = await renderer.render(task);
    expect(results.map(({ channel }) => channel)).toEqual([9, 2, 7, 4, 5]);
    expect(card.asked).toEqual([5, 2, 2, 1]);
    await renderer.render(task);
    expect(card.asked.slice(4)).toEqual([2, 2, 1]);
    await renderer.render({ ...task, request: { ...request, layer: 3 } });
    expect(card.asked.slice(7), "another layer may need less").toEqual([5, 2, 2, 1]);
  });

  test("does not render again what had ended before memory ran out", async () => {
    const rendered: number[] = [];
    const renderer = new GpuRenderer(
      new FakeRenderer({
        beforeChannel: (channel) => {
          if (channel === 7 && !rendered.includes(7)) {
            rendered.push(7);
            throw new Error("out of memory");
          }
          rendered.push(channel);
        },
      }),
      onBroken,
    );
    const ended: RenderedChannel[] = [];
    const results = await renderer.render(task, {
      onChannel: async (result) => void ended.push(result),
    });
    expect(rendered).toEqual([9, 2, 7, 7, 4, 5]);
    expect(ended.map(({ channel }) => channel)).toEqual([9, 2, 7, 4, 5]);
    expect(results).toHaveLength(5);
  });

  test("gives up where a single image does not fit", async () => {
    const card = new SmallCard(0);
    await expect(new GpuRenderer(card, onBroken).render(task)).rejects.toThrow("out of memory");
    expect(card.asked).toEqual([5, 2, 1]);
    expect(broken).toEqual([]);
  });

  test("tells of a broken context before it rejects, and of nothing else", async () => {
    await expect(failing("invalid argument")).rejects.toThrow("invalid argument");
    expect(broken).toEqual([]);
    await expect(failing("CUDA failure 700: ...")).rejects.toThrow("CUDA failure 700");
    expect(broken).toEqual([new Error("CUDA failure 700: ...")]);
  });
});
