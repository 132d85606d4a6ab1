import { DriverHangError } from "../../lib/optvis/runtime/errors.ts";

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

/**
 * Whether an error of ONNX Runtime has broken the process's CUDA context, or its driver hangs:
 * every later call fails too, and only a new process helps. ONNX Runtime gives no codes, only text:
 * hence the patterns, each from the library it is of.
 */
export function breaksContext(error: unknown): boolean {
  if (error instanceof DriverHangError) return true;
  const text = textOf(error);
  return STICKY.some((pattern) => pattern.test(text));
}

/** The messages of the error and of what caused it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${textOf(error.cause)}`;
}
