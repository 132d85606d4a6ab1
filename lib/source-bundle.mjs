import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Generated; the bundles lie two folders deep, as the sources do: `../../models` is one folder. */
const BUILD = join(ROOT, "build");
const SOURCES = ["lib", "functions", "local", "cdk"];
/** The environment's name for the folder of the bundle of the sources as they are. */
export const SOURCE_BUNDLE = "DREAMGRID_SOURCE_BUNDLE";
/** A server may start threads from the bundle it was itself started from, days later. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/**
 * What stays where it is installed, with its libraries. All other packages go into the bundle: as
 * files of their own they are hundreds, which have to be found and compiled at every start.
 */
export const NATIVE = ["onnxruntime-node", "sharp"];

/** Packages' modules rather than CommonJS, as far as they have them: what is not used is left out. */
export const MODULES_FIRST = { mainFields: ["module", "main"], conditions: ["module"] };

/** What is started as a thread or a process from beside who does, by its name in a bundle. */
export const STARTED_BESIDE = {
  "session-thread": {
    source: "lib/optvis/runtime/session-thread.ts",
    startedBy: "lib/optvis/runtime/session-worker.ts",
  },
  "gpu-gate-child": {
    source: "lib/optvis/runtime/gpu-gate-child.ts",
    startedBy: "lib/optvis/runtime/gpu-gate.ts",
  },
  "analysis-thread": {
    source: "lib/pipeline/networks/analysis-thread.ts",
    startedBy: "lib/pipeline/networks/analysis-threads.ts",
  },
};

/** What is started as a file of its own, by its name in a bundle. */
export const STARTED = {
  "command-line": "local/cli/main.ts",
  "session-thread": STARTED_BESIDE["session-thread"].source,
  "gpu-gate-child": STARTED_BESIDE["gpu-gate-child"].source,
  "analysis-thread": STARTED_BESIDE["analysis-thread"].source,
};

/**
 * @param {Readonly<Record<string, string>>} entryPoints sources by their names in the bundle
 * @param {string} outdir
 * @param {readonly string[]} packages those that stay imports
 * @returns {import("esbuild").BuildOptions & { metafile: true }} for what runs in Node
 */
export function bundleOptions(entryPoints, outdir, packages) {
  return {
    absWorkingDir: ROOT,
    entryPoints: { ...entryPoints },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    metafile: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    // esbuild bundles the page from source, which the package does not have
    external: [...packages, "*.node", "esbuild"],
    // CommonJS inside a bundle of ES modules calls `require` for those, and for Node's own modules
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "warning",
  };
}

/**
 * Imports one of `STARTED` from a bundle of this checkout's sources as they are now, which is made
 * where there is none: Node 20 does not read TypeScript, and to compile file by file takes two
 * seconds at every start, one at that of every thread. That is done where the checkout belongs to
 * another user.
 *
 * @param {keyof typeof STARTED} name
 */
export async function importFromSource(name) {
  const known = process.env[SOURCE_BUNDLE];
  // that of another checkout, whose test has started this one, counts for nothing
  const folder = known?.startsWith(BUILD) ? known : sourceFolder();
  try {
    if (!existsSync(folder)) await bundleInto(folder);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (error.code !== "EACCES" && error.code !== "EROFS") throw error;
    const { tsImport } = await import("tsx/esm/api");
    return await tsImport(`../${STARTED[name]}`, import.meta.url);
  }
  nameSourcesInStacks();
  return await import(pathToFileURL(join(folder, `${name}.mjs`)).href);
}

/**
 * Where the bundle of the sources as they are now is, or would be made. To find out takes 20 ms; who
 * starts hundreds of threads from source tells them by `SOURCE_BUNDLE`.
 */
export function sourceFolder() {
  return join(BUILD, `source-${sourceStamp()}`);
}

/** @param {string} folder which is there, whole, once this has ended */
async function bundleInto(folder) {
  await mkdir(BUILD, { recursive: true });
  await removeOld();
  const made = join(BUILD, `making-${randomUUID()}`);
  await mkdir(made);
  const { build, stop } = await import("esbuild");
  // as esbuild's own command has it, which ends as soon: to collect garbage takes it a quarter longer
  const { GOGC } = process.env;
  process.env.GOGC = GOGC ?? "off";
  // each by itself: what several share would be in files of its own, and a thread would read twenty
  const builds = Object.entries(STARTED).map(([name, source]) =>
    build({
      ...bundleOptions({ [name]: source }, made, NATIVE),
      ...MODULES_FIRST,
      sourcemap: true,
      // the sources lie beside it
      sourcesContent: false,
    }),
  );
  // its process has been started
  if (GOGC === undefined) delete process.env.GOGC;
  await Promise.all(builds);
  // its process would stay as long as this one
  await stop();
  try {
    await rename(made, folder);
  } catch (error) {
    // another process has been faster
    if (!existsSync(folder)) throw error;
    await rm(made, { recursive: true });
  }
}

/**
 * Changes with any source, and with the packages that are installed. At once: there is nothing else
 * to be done meanwhile, and promises would take five times as long. Hashed file by file, or with
 * paths that are joined by `join`, it takes twice as long.
 */
function sourceStamp() {
  const files = [...SOURCES.flatMap(filesOf), "package.json", "package-lock.json"];
  const states = files.map((path) => {
    const { size, mtimeMs } = statSync(ROOT + path);
    return `${path} ${size} ${mtimeMs}`;
  });
  return createHash("sha256").update(states.toSorted().join("\n")).digest("hex").slice(0, 16);
}

/**
 * Folder by folder: Node's own `recursive` takes ten times as long.
 *
 * @param {string} folder from the root
 * @returns {string[]}
 */
function filesOf(folder) {
  return readdirSync(ROOT + folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(path);
    return /\.(?:ts|mjs|json)$/.test(path) ? [path] : [];
  });
}

async function removeOld() {
  for (const name of await readdir(BUILD)) {
    if (!/^(?:source|making)-/.test(name)) continue;
    const folder = join(BUILD, name);
    // unless another process has just moved or removed it
    const found = await stat(folder).catch(() => null);
    if (found === null || Date.now() - found.mtimeMs < KEPT_MS) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where a frame of a stack is, in a bundle. */
const PLACE = /(file:\/\/[^\s()]+\.mjs):(\d+):(\d+)/g;

/**
 * Stacks name the sources, by maps that are read when a stack is. Node's own way reads and parses
 * them with every file: 60 ms of each start, for what faults alone show.
 */
function nameSourcesInStacks() {
  /** @type {Map<string, SourceMap | null>} */
  const maps = new Map();
  /** @param {string} url */
  const mapOf = (url) => {
    try {
      return new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), "utf8")));
    } catch {
      // no bundle of ours, or one that has been removed
      return null;
    }
  };
  Error.prepareStackTrace = (error, frames) => {
    const places = frames.map(textOf).map((place) => `    at ${place}`);
    const stack = [textOf(error), ...places].join("\n");
    return stack.replaceAll(PLACE, (place, url, line, column) => {
      const map = maps.has(url) ? maps.get(url) : mapOf(url);
      maps.set(url, map ?? null);
      const found = map?.findEntry(Number(line) - 1, Number(column) - 1);
      if (!found || !("originalSource" in found)) return place;
      const source = fileURLToPath(new URL(found.originalSource, url));
      return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
    });
  };
}

/** @param {unknown} value an error, or a frame of its stack */
function textOf(value) {
  try {
    return String(value);
  } catch {
    // an object without a prototype
    return "Error";
  }
}
