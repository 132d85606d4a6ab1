/**
 * What to do after an error of ONNX Runtime on CUDA:
 *
 * - `out-of-memory`: try again with fewer images;
 * - `sticky`: the process's CUDA context is broken, every later call fails too; only a new process
 *   helps;
 * - `other`: the graph or the image is at fault, not the card.
 */
export type CudaFailure = "out-of-memory" | "sticky" | "other";

/** ONNX Runtime's allocator, the CUDA runtime (error 2), cuDNN and cuBLAS. */
const OUT_OF_MEMORY = [
  /failed to allocate memory/i,
  /CUDA failure 2\b/i,
  /out of memory/i,
  /CUD(?:NN|A)_STATUS_ALLOC_FAILED|CUBLAS_STATUS_ALLOC_FAILED/,
];

/**
 * Errors of the CUDA runtime after which "the process must be terminated and relaunched": hardware
 * stack error, illegal instruction and address, misaligned address, invalid address space and
 * program counter, assert, launch timeout and failure, ECC, NVLink, lost device.
 *
 * Source: CUDA Runtime API 13.0, "Data types used by CUDA Runtime", enum cudaError.
 */
const STICKY_CODES = [214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999];
const STICKY = [
  new RegExp(`CUDA (?:failure|error) (?:${STICKY_CODES.join("|")})\\b`, "i"),
  /illegal memory access|illegal instruction|misaligned address|unspecified launch failure/i,
  /device-side assert|uncorrectable ECC|launch timed out|device is lost|invalid program counter/i,
  /CUDNN_STATUS_EXECUTION_FAILED|CUBLAS_STATUS_EXECUTION_FAILED/,
];

/** ONNX Runtime gives no codes, only text: hence the patterns, each from the library it is of. */
export function cudaFailureOf(error: unknown): CudaFailure {
  const text = textOf(error);
  if (STICKY.some((pattern) => pattern.test(text))) return "sticky";
  return OUT_OF_MEMORY.some((pattern) => pattern.test(text)) ? "out-of-memory" : "other";
}

/** The messages of the error and of what caused it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${textOf(error.cause)}`;
}
