import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { bundleOptions, STARTED } from "../../lib/source-bundle.mjs";
import { bundlePage } from "../page/bundle-page.ts";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = join(ROOT, "dist");
/** Where the types of all sources are written, before those of the library are picked out. */
const ALL_TYPES = join(ROOT, "build/types");

/** Files of the package, by their names in `dist/esm`; the first two are its `exports`. */
const ENTRIES = { dreamgrid: "lib/dreamgrid.ts", local: "local/dreamgrid.ts", ...STARTED };

/**
 * Packages whose code goes into ours. onnxruntime-node cannot be a dependency: npm would run its
 * install script, which on Linux fetches 300 MB of CUDA libraries from nuget.org that nothing here
 * uses, and which fails the whole installation where it cannot. npm leaves a script out where the
 * user's project says so, never where ours does.
 */
const BUNDLED = /^node_modules\/(?:onnxruntime-node|onnxruntime-common)\//;

/**
 * Builds what `npm pack` puts into the package: `dist/esm`, two folders deep as the sources are, so
 * that `../../models` is the same folder seen from either; `dist/bin`, ONNX Runtime's libraries;
 * `dist/page`, what browsers get; and `dist/types`.
 *
 * Other third-party packages stay dependencies; the workspace's own, which no registry has, is part
 * of it.
 */
async function buildPackage(): Promise<void> {
  // esbuild and TypeScript end soon: to collect garbage takes them a quarter longer
  process.env["GOGC"] ??= "off";
  rmSync(BUILT, { recursive: true, force: true });
  const { metafile } = await build(
    // onnxruntime-node's code names its libraries as ours has to: in `bin`, beside its own folder
    bundleOptions(ENTRIES, join(BUILT, "esm"), Object.keys(packageJson.dependencies)),
  );
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  checkDependencies(imported.map(({ path }) => path));
  const inlined = Object.keys(metafile.inputs).filter(
    (path) => path.startsWith("node_modules/") && !BUNDLED.test(path),
  );
  if (inlined.length > 0) {
    throw new Error(
      `not among the dependencies of package.json, so bundled: ${inlined.join(", ")}`,
    );
  }
  copyRuntimeLibraries(join(BUILT, "bin"));
  await buildPage(join(BUILT, "page"));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  // one checker: of several each reads much the same, for half the time again
  const checking = ["--checkers", "1"];
  const words = [tsc, "-p", join(ROOT, "local/package"), "--outDir", ALL_TYPES, ...checking];
  execFileSync(process.execPath, words, { stdio: "inherit" });
  for (const file of typesReachedFrom([ENTRIES.dreamgrid, ENTRIES.local].map(declarationOf))) {
    const target = join(BUILT, "types", file);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(ALL_TYPES, file), target);
  }
}

/**
 * ONNX Runtime's libraries for every system: 112 MB of the packed package, the bytes that npm would
 * fetch from the registry for a dependency.
 */
function copyRuntimeLibraries(target: string): void {
  cpSync(join(ROOT, "node_modules/onnxruntime-node/bin"), target, {
    recursive: true,
    // not what its install script has fetched, if somebody ran it
    filter: (path) => !/libonnxruntime_providers_\w+\.so$/.test(path),
  });
  // onnxruntime-node names its licence, but has no copy of it
  cpSync(join(ROOT, "local/package/onnxruntime-LICENSE"), join(target, "LICENSE"));
}

/** What a licence's file is called in a package. */
const LICENCE_FILES = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"];

/** Writes the page as browsers get it, with the licences of the packages whose code is in it. */
async function buildPage(target: string): Promise<void> {
  const { files, packages } = await bundlePage();
  mkdirSync(target, { recursive: true });
  cpSync(join(ROOT, "web/index.html"), join(target, "index.html"));
  for (const { name, bytes } of files) writeFileSync(join(target, name), bytes);
  writeFileSync(join(target, "LICENSES.txt"), packages.map(licenceOf).join("\n\n"));
}

function licenceOf(folder: string): string {
  const path = LICENCE_FILES.map((name) => join(ROOT, folder, name)).find(existsSync);
  if (path === undefined) throw new Error(`${folder} is in the page, but has no licence's file`);
  const name = folder.replace("node_modules/", "");
  return `${name}\n${"=".repeat(name.length)}\n\n${readFileSync(path, "utf8")}`;
}

/** Each dependency is a promise to the user that it is needed. */
function checkDependencies(imported: readonly string[]): void {
  const isUsed = (name: string) =>
    imported.some((path) => path === name || path.startsWith(`${name}/`));
  const unused = Object.keys(packageJson.dependencies).filter((name) => !isUsed(name));
  if (unused.length > 0) {
    throw new Error(
      `dependencies that the package does not import: ${unused.join(", ")}; make them devDependencies`,
    );
  }
}

/** Declaration files of the library, and those that they import; paths from the root. */
function typesReachedFrom(files: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(join(ALL_TYPES, file), "utf8");
    for (const [, path = ""] of text.matchAll(/(?:from |import\()"(\.[^"]+)"/g)) {
      visit(declarationOf(normalize(join(dirname(file), path))));
    }
  };
  for (const file of files) visit(file);
  return reached;
}

function declarationOf(source: string): string {
  return source.replace(/\.[jt]s$/, ".d.ts");
}

await buildPackage();
