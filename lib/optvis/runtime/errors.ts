/*
 * Apart from what throws them: who only tells them from others does without ONNX Runtime, which
 * threads load.
 */

/** ONNX Runtime was asked for a GPU that this installation, or this machine, does not have. */
export class GpuUnavailableError extends Error {
  override readonly name = "GpuUnavailableError";
}

/** ONNX Runtime could not build or run a graph; the message is its own, with what we were doing. */
export class RuntimeError extends Error {
  override readonly name: string = "RuntimeError";
}

/** What a graph was to compute takes more memory than the card, or the machine, has left. */
export class OutOfMemoryError extends RuntimeError {
  override readonly name = "OutOfMemoryError";
}

/**
 * A driver has not come back from what was asked of it. The thread that waits is lost, and what else
 * is asked of that card would hang as well.
 */
export class DriverHangError extends RuntimeError {
  override readonly name = "DriverHangError";
}

/** ONNX Runtime's allocators, the CUDA runtime (error 2), cuBLAS, cuDNN, Vulkan and Direct3D. */
const OUT_OF_MEMORY = new RegExp(
  [
    "failed to allocate memory|bad_alloc|CUDA failure 2\\b|out of memory",
    "CU\\w+_STATUS_(?:\\w+_)?ALLOC(?:ATION)?_FAILED",
    "VK_ERROR_OUT_OF_\\w+_MEMORY|E_OUTOFMEMORY",
  ].join("|"),
  "i",
);

/**
 * Whether ONNX Runtime says that memory was not enough. It gives no codes, only text: hence the
 * patterns, each from the library it is of.
 */
export function isOutOfMemory(reason: string): boolean {
  return OUT_OF_MEMORY.test(reason);
}
