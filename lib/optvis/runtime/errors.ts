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
  override readonly name = "RuntimeError";
}
