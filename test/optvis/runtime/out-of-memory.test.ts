import { expect, onTestFinished, test } from "vitest";

import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { isOutOfMemory, OutOfMemoryError } from "../../../lib/optvis/runtime/errors.ts";
import { receivedError, sentError } from "../../../lib/optvis/runtime/thread-errors.ts";
import { SessionWorker } from "../../../lib/optvis/runtime/session-worker.ts";
import { node, sketch } from "../../support/onnx-writer.ts";

test.each([
  // as ONNX Runtime 1.29 words them
  [
    true,
    "Non-zero status code returned while running Conv node. Name:'c' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 4294967296",
  ],
  [true, "CUDA failure 2: out of memory ; GPU=0 ; hostname=h ; expr=cudaMalloc(&p, size);"],
  [true, "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0"],
  [true, "CUDNN failure 4000: CUDNN_STATUS_ALLOC_FAILED ; GPU=0"],
  [true, "CUDNN failure 4004: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0"],
  [true, "CUDNN failure 4003: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ; GPU=0"],
  [true, "vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY"],
  [true, "std::bad_alloc"],
  [false, "CUDA failure 20: something else"],
  [false, "CUDA failure 700: an illegal memory access was encountered ; GPU=0"],
  [false, "CUDNN failure 4001: CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED ; GPU=0"],
  [false, "CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0"],
  [false, "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version"],
])("for want of memory: %s, %s", (isMemory, message) => {
  expect(isOutOfMemory(message)).toBe(isMemory);
});

test("from thread to thread it stays what it is", () => {
  const received = receivedError(structuredClone(sentError(new OutOfMemoryError("too much"))));
  expect(received).toBeInstanceOf(OutOfMemoryError);
  expect(received.message).toBe("too much");
});

test("a session that runs out of memory gives back what there is, and all others do", async () => {
  const worker = new SessionWorker();
  onTestFinished(() => worker.close());
  /** x, once for each element of a tensor of that shape. */
  const repeated = async (...shape: number[]) => {
    const graph = sketch({
      inputs: { x: [1] },
      nodes: [node("Expand", "x shape", "y")],
      outputs: ["y"],
      initializers: { shape: intsTensor(shape) },
    });
    const key = shape.join();
    const compiled = { key, provider: "cpu", recipe: { kind: "graph", graph } } as const;
    const { y } = await worker.run(compiled, { x: floatTensor([1], [7]) });
    return [...y!.data];
  };
  expect(await repeated(3)).toEqual([7, 7, 7]);
  expect(worker.has("3")).toBe(true);
  // 2^50 bytes: more than a process has addresses for
  const vast = repeated(2 ** 16, 2 ** 16, 2 ** 16);
  await expect(vast).rejects.toThrow(OutOfMemoryError);
  await expect(vast).rejects.toThrow(/^ONNX Runtime ran out of memory: .*allocate/);
  expect(["3", "65536,65536,65536"].filter((key) => worker.has(key))).toEqual([]);
  expect(await repeated(3)).toEqual([7, 7, 7]);
});
