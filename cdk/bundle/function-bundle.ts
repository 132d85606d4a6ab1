import { buildSync, type Metafile, type OutputFile } from "esbuild";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { NATIVE, STARTED_BESIDE } from "../../lib/source-bundle.mjs";
import { copyFonts } from "./fonts.ts";
import { copyPackages } from "./packages.ts";
import { repositoryPath } from "./repository.ts";

/** Folders of `functions/` that are deployed; each has an `index.ts` that exports `handler`. */
export type FunctionName = "intake" | "worker" | "gpu-worker" | "assembler" | "dead-letter" | "api";

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
 * Bundles a function's code, the AWS SDK included: what was tested is what runs. ES modules, so
 * that `import.meta.url` tells where the bundle lies. The output depends on the sources alone.
 */
export function bundleCode(name: FunctionName): CodeBundle {
  const main = build({ index: `functions/${name}/index.ts` });
  const started = Object.entries(STARTED_BESIDE)
    .filter(([, { startedBy }]) => containsSource(main.metafile, startedBy))
    .map(([file, { source }]) => build({ [file]: source }));
  const builds = [main, ...started];
  return {
    files: builds.flatMap(({ outputFiles }) => outputFiles),
    nativePackages: NATIVE.filter((native) =>
      builds.some(({ metafile }) => importsPackage(metafile, native)),
    ),
    publishesNetworks: containsSource(main.metafile, "lib/pipeline/networks/publish-bundled.ts"),
    drawsText: containsSource(main.metafile, "lib/image/rendered-text.ts"),
  };
}

/** Writes everything the function needs to run into a folder, which is emptied first. */
export function writeFunction(name: FunctionName, folder: string): string {
  const bundle = bundleCode(name);
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

function build(entryPoints: Readonly<Record<string, string>>) {
  return buildSync({
    absWorkingDir: repositoryPath(),
    entryPoints,
    // never written: source maps refer to the sources from here
    outdir: "build/functions/any",
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
}

/** Whether anything of a source file was left after unused code had been dropped. */
function containsSource({ outputs }: Metafile, source: string): boolean {
  return Object.values(outputs).some(({ inputs }) => (inputs[source]?.bytesInOutput ?? 0) > 0);
}

function importsPackage({ outputs }: Metafile, name: string): boolean {
  return Object.values(outputs).some(({ imports }) => imports.some(({ path }) => path === name));
}
