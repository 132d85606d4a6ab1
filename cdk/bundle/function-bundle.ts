import { buildSync, type OutputFile } from "esbuild";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { NATIVE, STARTED_BESIDE } from "../../lib/source-bundle.mjs";
import { copyFonts } from "./fonts.ts";
import { copyPackages } from "./packages.ts";
import { repositoryPath } from "./repository.ts";

/** Folders of `functions/` that are deployed; each has an `index.ts` that exports `handler`. */
export const FUNCTIONS = [
  "intake",
  "worker",
  "gpu-worker",
  "assembler",
  "dead-letter",
  "api",
] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Networks that come with the code; functions that accept requests put them into the bucket. */
const BUNDLED_NETWORKS = ["emojinet"];
const BUNDLED_FOLDER = "models";
/** There, in the functions' environment. */
export const BUNDLED_MODELS_DIR = `/var/task/${BUNDLED_FOLDER}`;
const MODEL_FILES = /\.(json|onnx|txt)$/;

export interface CodeBundle {
  readonly files: readonly OutputFile[];
  /** Those of the native packages that the code imports. */
  readonly nativePackages: readonly string[];
  readonly publishesNetworks: boolean;
  /** Whether it draws text in fonts of the machine, of which Lambda has none. */
  readonly drawsText: boolean;
}

/**
 * Bundles functions' code, the AWS SDK included: what was tested is what runs. All at once,
 * since what several import is then read but once. ES modules, so that `import.meta.url` tells where
 * the bundle lies. The output depends on the sources alone.
 */
export function bundleFunctions<Name extends FunctionName>(
  names: readonly Name[],
): (name: Name) => CodeBundle {
  const mainOf = (name: Name) => `${name}/index`;
  const started = Object.entries(STARTED_BESIDE).map(([file, { source, startedBy }]) => ({
    entry: `beside/${file}`,
    source,
    startedBy,
  }));
  const outputOf = build(
    Object.fromEntries([
      ...names.map((name) => [mainOf(name), `functions/${name}/index.ts`]),
      ...started.map(({ entry, source }) => [entry, source]),
    ]),
  );
  return (name) => {
    const main = outputOf(mainOf(name));
    const beside = started.filter(({ startedBy }) => main.sources.has(startedBy));
    const outputs = [main, ...beside.map(({ entry }) => outputOf(entry))];
    return {
      files: outputs.flatMap(({ files }) => files),
      nativePackages: NATIVE.filter((each) => outputs.some(({ packages }) => packages.has(each))),
      publishesNetworks: main.sources.has("lib/pipeline/networks/publish-bundled.ts"),
      drawsText: main.sources.has("lib/image/rendered-text.ts"),
    };
  };
}

/** Writes everything a function needs to run into a folder, which is emptied first. */
export function writeFunction(bundle: CodeBundle, folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  writeCode(bundle, folder);
  copyPackages(bundle.nativePackages, join(folder, "node_modules"));
  return folder;
}

/** The code, and the networks and fonts that come with it, without native packages. */
export function writeCode(bundle: CodeBundle, folder: string): void {
  const { files, publishesNetworks, drawsText } = bundle;
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of files) writeFileSync(join(folder, basename(path)), contents);
  if (publishesNetworks) copyNetworks(join(folder, BUNDLED_FOLDER));
  if (drawsText) copyFonts(folder);
}

function copyNetworks(folder: string): void {
  for (const id of BUNDLED_NETWORKS) {
    const source = repositoryPath("models", id);
    const isNetworkFile = (path: string) =>
      path === source || (dirname(path) === source && MODEL_FILES.test(path));
    cpSync(source, join(folder, id), { recursive: true, filter: isNetworkFile });
  }
}

/** Wherever the files are written, their source maps refer to the sources from here. */
const OUT = "build/functions";

/** @returns what was made of each entry point */
function build(entryPoints: Readonly<Record<string, string>>) {
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: repositoryPath(),
    entryPoints,
    outdir: OUT,
    outExtension: { ".js": ".mjs" },
    write: false,
    metafile: true,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    mainFields: ["module", "main"],
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: "none",
    // they are shipped as they are, for linux/x64 alone
    external: NATIVE,
    // CommonJS inside a bundle of ES modules calls `require` for Node's own modules
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  return (entry: string) => {
    const path = `${OUT}/${entry}.mjs`;
    const files = [path, `${path}.map`].map((each) => repositoryPath(each));
    const { inputs, imports } = metafile.outputs[path]!;
    // without those of which nothing was left after unused code had been dropped
    const sources = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    return {
      files: outputFiles.filter((file) => files.includes(file.path)),
      sources: new Set(sources.map(([source]) => source)),
      packages: new Set(imports.map((each) => each.path)),
    };
  };
}
