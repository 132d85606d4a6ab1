import { beforeEach, describe, expect, test } from "vitest";

import { breaksContext } from "../../../functions/gpu-worker/cuda-failure.ts";
import { gpuRenderer } from "../../../functions/gpu-worker/gpu-renderer.ts";
import { DerivedTensors } from "../../../lib/onnx/derived-tensors.ts";
import { DriverHangError, RuntimeError } from "../../../lib/optvis/runtime/errors.ts";
import type { RenderTask } from "../../../lib/pipeline/render/renderer.ts";
import { completeRequestSchema } from "../../../lib/pipeline/request/complete-request.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";

describe("breaksContext", () => {
  test.each([
    // as ONNX Runtime 1.29 words them
    [true, "CUDA failure 700: an illegal memory access was encountered ; GPU=0"],
    [true, "CUDA failure 719: unspecified launch failure ; GPU=0"],
    [true, "CUDA error 214: uncorrectable ECC error encountered"],
    [true, "CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0"],
    [false, "CUDA failure 2: out of memory ; GPU=0 ; hostname=h ; expr=cudaMalloc(&p, size);"],
    [
      false,
      "Non-zero status code returned while running Reshape node. Status Message: 700 is no shape",
    ],
    [false, "CUDA failure 1: invalid argument"],
    [false, "CUDA failure 2000: something else"],
  ])("%s: %s", (isBroken, message) => {
    expect(breaksContext(new Error(message))).toBe(isBroken);
    const cause = new Error(message);
    expect(breaksContext(new Error("the thread ended", { cause }))).toBe(isBroken);
  });

  test("a driver that hangs does, and a graph that fails does not", () => {
    const message = "the driver of CUDA has not answered in 600 s";
    expect(breaksContext(new DriverHangError(message))).toBe(true);
    expect(breaksContext(new RuntimeError(message))).toBe(false);
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
      metadata: new Map(),
      writing: { producer: "", opsets: [] },
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

let broken: unknown[];
const onBroken = (error: unknown) => void broken.push(error);

/** Renders until it throws the error. */
function failing(message: string): Promise<unknown> {
  const renderer = new FakeRenderer({ beforeChannel: () => Promise.reject(new Error(message)) });
  return gpuRenderer(renderer, onBroken).render(task);
}

describe("gpuRenderer", () => {
  beforeEach(() => {
    broken = [];
  });

  test("tells of a broken context before it rejects, and of nothing else", async () => {
    await expect(failing("invalid argument")).rejects.toThrow("invalid argument");
    expect(broken).toEqual([]);
    await expect(failing("CUDA failure 700: ...")).rejects.toThrow("CUDA failure 700");
    expect(broken).toEqual([new Error("CUDA failure 700: ...")]);
  });
});
