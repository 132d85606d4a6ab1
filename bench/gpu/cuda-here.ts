import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * What ONNX Runtime's CUDA provider needs besides the driver: those that it is linked with, and
 * cuDNN, which it opens itself.
 */
const LIBRARIES = [
  "libcudart.so.13",
  "libcublas.so.13",
  "libcublasLt.so.13",
  "libcurand.so.10",
  "libcudnn.so.9",
];

/** Where run.sh lets them be looked for, besides the system's own places. */
const FOLDERS = ["/usr/local/cuda-13.0/targets/x86_64-linux/lib", "/usr/local/cuda/lib64"];

/** A driver that has to be woken first takes a few seconds. */
const PATIENCE_MS = 20_000;

/** What of CUDA this machine has. */
export interface CudaHere {
  /** Cards and the driver's version, as nvidia-smi names them; `null` without a card. */
  readonly card: string | null;
  /** Libraries that are not found. */
  readonly missing: readonly string[];
}

export function cudaHere(env: Readonly<Record<string, string | undefined>>): CudaHere {
  const words = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
  const card = output("nvidia-smi", words);
  const known = output("ldconfig", ["-p"]) ?? output("/sbin/ldconfig", ["-p"]) ?? "";
  const given = (env["LD_LIBRARY_PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const isThere = (name: string) =>
    known.includes(`${name} `) ||
    [...given, ...FOLDERS].some((folder) => existsSync(join(folder, name)));
  return {
    card: card === null || card.trim() === "" ? null : card.trim().split("\n").join("; "),
    missing: LIBRARIES.filter((name) => !isThere(name)),
  };
}

/** In one sentence. */
export function describeCuda({ card, missing }: CudaHere): string {
  if (card === null) return "this machine has no NVIDIA card that nvidia-smi knows of";
  if (missing.length === 0) return `this machine has ${card}, CUDA 13 and cuDNN 9`;
  return `this machine has ${card}, but not ${missing.join(", ")}; install CUDA 13 and cuDNN 9, or name their folders in LD_LIBRARY_PATH`;
}

/** What a program prints; `null` where it is not there, or fails. */
function output(program: string, words: readonly string[]): string | null {
  try {
    return execFileSync(program, words, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
    });
  } catch {
    return null;
  }
}
