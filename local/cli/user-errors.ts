import { UnsupportedGradientError } from "../../lib/autodiff/errors.ts";
import { ImageError } from "../../lib/image/errors.ts";
import { NetworkError } from "../../lib/networks/errors.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import { ImageTooSmallError } from "../../lib/optvis/ascent/plan-levels.ts";
import { GpuChoiceError } from "../../lib/optvis/runtime/local-gpu.ts";
import { GpuUnavailableError, RuntimeError } from "../../lib/optvis/runtime/errors.ts";
import { RequestError } from "../../lib/pipeline/request/request.ts";

/** What was asked for cannot be done, and the message says why and what to do; exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A stack as it is set would not work in the account; exit code 1. */
export class QuotaError extends Error {
  override readonly name = "QuotaError";
}

/** Of a request no image could be drawn, though it was a good one; exit code 1. */
export class NothingDrawnError extends Error {
  override readonly name = "NothingDrawnError";
}

/** The user pressed Ctrl-C; not a bad request, and no fault of ours. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

const USER_ERRORS = [
  InterruptedError,
  QuotaError,
  NothingDrawnError,
  UsageError,
  RequestError,
  ImageTooSmallError,
  ModelError,
  NetworkError,
  ImageError,
  UnsupportedGradientError,
  GpuChoiceError,
  GpuUnavailableError,
  RuntimeError,
];

/**
 * The embedded endpoint's, by name: some come through a client, and the package loads late.
 */
const ENDPOINT_ERRORS = [
  "DataFolderInUseError",
  "DamagedFileError",
  "InsufficientStorage",
  "DataFolderMissing",
];

/** Files the user named that cannot be read or written. */
const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder, a file is wanted",
  ENAMETOOLONG: "the name is longer than the file system takes",
  EEXIST: "a file of that name is in the way",
  ENOSPC: "the disk is full",
};

/** The one line to show for an error of the user's making; `null` for one of ours. */
export function userMessage(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (USER_ERRORS.some((kind) => error instanceof kind)) return error.message;
  if (ENDPOINT_ERRORS.includes(error.name)) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  const problem = code === undefined ? undefined : FILE_PROBLEMS[code];
  if (problem === undefined) return null;
  if (path !== undefined) return `${path}: ${problem}`;
  // a write to a file that is open does not say which
  return code === "ENOSPC" ? `${problem}; free some space and run it again to go on` : null;
}
