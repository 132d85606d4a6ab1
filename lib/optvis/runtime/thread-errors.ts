import { UnsupportedGradientError } from "../../autodiff/errors.ts";
import { messageOf, ModelError } from "../../onnx/errors.ts";
import { GpuUnavailableError, OutOfMemoryError, RuntimeError } from "./errors.ts";

/** An error as it goes from thread to thread: its class gets lost on the way. */
export type SentError =
  | { readonly kind: "gpu" | "model" | "memory" | "runtime" | "fault"; readonly message: string }
  | { readonly kind: "gradient"; readonly details: UnsupportedGradientError["details"] };

export function sentError(error: unknown): SentError {
  if (error instanceof UnsupportedGradientError)
    return { kind: "gradient", details: error.details };
  const message = messageOf(error);
  if (error instanceof GpuUnavailableError) return { kind: "gpu", message };
  if (error instanceof OutOfMemoryError) return { kind: "memory", message };
  if (error instanceof ModelError) return { kind: "model", message };
  return { kind: error instanceof RuntimeError ? "runtime" : "fault", message };
}

export function receivedError(sent: SentError): Error {
  switch (sent.kind) {
    case "gradient":
      return new UnsupportedGradientError(...sent.details);
    case "gpu":
      return new GpuUnavailableError(sent.message);
    case "model":
      return new ModelError(sent.message);
    case "memory":
      return new OutOfMemoryError(sent.message);
    case "runtime":
      return new RuntimeError(sent.message);
    case "fault":
      return new Error(sent.message);
    default:
      return sent satisfies never;
  }
}
