import { UnsupportedGradientError } from "../../lib/autodiff/errors.ts";
import { ImageError } from "../../lib/image/errors.ts";
import { hasCode } from "../../lib/networks/absence.ts";
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

/** Of some requests no image could be drawn, though they were good ones; exit code 1. */
export class NothingDrawnError extends Error {
  override readonly name = "NothingDrawnError";
  /** Their names. */
  readonly requests: readonly string[];

  constructor(requests: readonly string[]) {
    super(`${requests.join(", ")}: none of the images could be drawn`);
    this.requests = requests;
  }
}

/** The user pressed Ctrl-C, or the process was told to end; no bad request, no fault of ours. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  readonly signal: "SIGINT" | "SIGTERM";

  constructor(message: string, signal: InterruptedError["signal"]) {
    super(message);
    this.signal = signal;
  }
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
  ELOOP: "its links lead in a circle",
  ENOSPC: "the disk is full",
  EDQUOT: "the user's share of the disk is used up",
  EIO: "the disk does not work",
  EBUSY: "another program has it open; close it there",
};

/** Of what is written, though the message has the file that is copied first. */
const OF_TARGET = ["ENOSPC", "EDQUOT", "EROFS", "EEXIST", "EISDIR", "ENOTDIR", "EBUSY"];

/** Whether nothing can be written any more, and so no work be done, until a person sees to it. */
export function isWithoutRoom(error: unknown): boolean {
  if (hasCode(error, "ENOSPC", "EDQUOT")) return true;
  return (
    error instanceof Error && ["InsufficientStorage", "DataFolderMissing"].includes(error.name)
  );
}

/** The one line to show for an error of the user's making; `null` for one of ours. */
export function userMessage(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (USER_ERRORS.some((kind) => error instanceof kind)) return error.message;
  if (ENDPOINT_ERRORS.includes(error.name)) return error.message;
  const { code = "", path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const problem = FILE_PROBLEMS[code];
  if (problem === undefined) return null;
  if (dest !== undefined && OF_TARGET.includes(code)) return `${dest}: ${problem}`;
  if (path !== undefined) return `${path}: ${problem}`;
  // a write to a file that is open does not say which
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return isFull ? `${problem}; free some space and run it again to go on` : null;
}
