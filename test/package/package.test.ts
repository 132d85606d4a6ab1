import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

import packageJson from "../../package.json" with { type: "json" };
import { packagesWithInstallScript } from "./support/install-scripts.ts";

const REPOSITORY = resolve(".");
const NODE_MODULES = join(REPOSITORY, "node_modules");

const folder = mkdtempSync(join(tmpdir(), "dreamgrid-package-"));
afterAll(() => rmSync(folder, { recursive: true }));
/** Where the package is installed: an empty folder, of no project. */
const home = join(folder, "home");
const installed = join(home, "node_modules/dreamgrid");

const run = promisify(execFile);
const inHome = (command: string, ...words: readonly string[]) =>
  run(command, words, {
    cwd: home,
    env: { ...process.env, DREAMGRID_CACHE: join(folder, "cache"), DREAMGRID_MODELS: "" },
  });

/**
 * With a cache of its own: npm would keep each package that was ever tested, 119 MB, in the user's.
 * Again where the registry was out of reach for a moment.
 */
async function install(project: string, ...words: readonly string[]): Promise<void> {
  const all = ["install", "--no-audit", "--cache", join(folder, "npm"), ...words];
  const once = () => run("npm", all, { cwd: project });
  await once().catch(once);
}

async function compileStrictly(...files: readonly string[]): Promise<void> {
  // one thread: each of several reads the libraries' types anew
  const options = "--strict --module nodenext --target es2023 --types node --singleThreaded";
  const words = [...options.split(" "), ...files];
  const types = ["--typeRoots", join(NODE_MODULES, "@types")];
  await inHome(process.execPath, join(NODE_MODULES, "typescript/bin/tsc"), ...types, ...words);
}

const RUNTIME = "onnxruntime-node";

/**
 * The repository's packages. ONNX Runtime's libraries, 290 MB, are but names: to pack and unpack
 * them takes 18 s.
 */
function copyPackages(target: string): void {
  mkdirSync(target);
  for (const name of readdirSync(NODE_MODULES)) {
    if (name !== RUNTIME) symlinkSync(join(NODE_MODULES, name), join(target, name));
  }
  const isLibrary = (path: string) => statSync(path).isFile() && path.includes("napi-v6");
  cpSync(join(NODE_MODULES, RUNTIME), join(target, RUNTIME), {
    recursive: true,
    filter: (from, to) => {
      if (!isLibrary(from)) return true;
      writeFileSync(to, "");
      return false;
    },
  });
}

/** Fills this system's libraries, those whose names were installed. */
function fillLibraries(): void {
  const own = join("bin/napi-v6", process.platform, process.arch);
  const target = join(installed, "dist", own);
  for (const name of readdirSync(target)) {
    cpSync(join(NODE_MODULES, RUNTIME, own, name), join(target, name));
  }
}

beforeAll(async () => {
  // packed from a copy: a build in the repository would disturb tests that read its tree
  const copy = join(folder, "copy");
  const isSource = (path: string) =>
    !/(?:^|\/)(?:node_modules|\.git|dist|build|cdk\.out|dreams|\.dreamgrid)$/.test(
      relative(REPOSITORY, path),
    );
  cpSync(REPOSITORY, copy, { recursive: true, filter: isSource });
  copyPackages(join(copy, "node_modules"));
  // networks of whoever packs, which are nobody else's
  for (const id of ["googlenet", "private"]) {
    mkdirSync(join(copy, "models", id), { recursive: true });
    for (const file of [`${id}.onnx`, "labels.txt"])
      writeFileSync(join(copy, "models", id, file), "");
  }
  await run("npm", ["pack", "--pack-destination", folder], { cwd: copy });
  mkdirSync(home);
  await writeFile(join(home, "package.json"), '{ "type": "module" }');
  await install(home, join(folder, `dreamgrid-${packageJson.version}.tgz`));
  fillLibraries();
});

test("the package has the library, its types, the command, ONNX Runtime, emojinet and the examples, no more", () => {
  const kinds = [
    /^dist\/esm\/[\w-]+\.mjs$/,
    /^dist\/bin\/(?:LICENSE|napi-v6\/\w+\/\w+\/[\w.]+)$/,
    /^dist\/page\/(?:index\.html|LICENSES\.txt|[\w-]+\.(?:js|css))$/,
    /^dist\/types\/(?:lib|local)\/[\w/-]+\.d\.ts$/,
    /^models\/emojinet\/(?:emojinet\.onnx|labels\.txt|MODEL_CARD\.md|network\.json)$/,
    /^models\/googlenet\/network\.json$/,
    /^examples\/(fourier\/)?[\w-]+\.json$/,
    /^local\/report\/(?:report\.js|styles\/\w+\.css)$/,
    /^(?:local\/bin\/dreamgrid\.mjs|package\.json|README\.md|LICENSE)$/,
  ];
  const packed = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(installed, join(entry.parentPath, entry.name)));
  expect(packed.filter((path) => !kinds.some((kind) => kind.test(path)))).toEqual([]);
  const systems = ["darwin/arm64", "linux/arm64", "linux/x64", "win32/arm64", "win32/x64"];
  expect(packed).toEqual(
    expect.arrayContaining([
      "models/emojinet/emojinet.onnx",
      "examples/emojinet-1-conv1.json",
      ...systems.map((system) => `dist/bin/napi-v6/${system}/onnxruntime_binding.node`),
    ]),
  );
});

test("nothing that is installed has an install script, which could fetch from elsewhere", () => {
  expect(packagesWithInstallScript(join(home, "node_modules/.package-lock.json"))).toEqual([]);
});

test("an install script would be found", async () => {
  const [scripted, other] = [join(folder, "scripted"), join(folder, "other")];
  for (const each of [scripted, other]) mkdirSync(each);
  const manifest = { name: "scripted", version: "1.0.0", scripts: { postinstall: "exit 1" } };
  await writeFile(join(scripted, "package.json"), JSON.stringify(manifest));
  await writeFile(join(other, "package.json"), "{}");
  await install(other, "--ignore-scripts", "--install-links", scripted);
  expect(packagesWithInstallScript(join(other, "node_modules/.package-lock.json"))).toEqual([
    "node_modules/scripted",
  ]);
});

test("the README's library snippet and the local pipeline compile strictly, and run", async () => {
  const [, snippet] =
    /```ts\n([^`]* from "dreamgrid";[^]*?)```/.exec(readFileSync("README.md", "utf8")) ?? [];
  if (snippet === undefined) throw new Error("README.md has no code that imports dreamgrid");
  await writeFile(join(home, "snippet.ts"), snippet);
  await writeFile(
    join(home, "local.ts"),
    `import { type Pipeline, startPipeline } from "dreamgrid/local";
     const pipeline: Pipeline = await startPipeline({ dataFolder: "data" });
     await pipeline.stop();`,
  );
  await compileStrictly("snippet.ts", "local.ts");
  for (const program of ["snippet.js", "local.js"]) await inHome(process.execPath, program);
  const made = ["conv1.onnx", "1.png", "data"];
  expect(made.filter((path) => existsSync(join(home, path)))).toEqual(made);
});

test("its gradient runs in the user's own onnxruntime-node, in the same process", async () => {
  const own = pathToFileURL(join(NODE_MODULES, "onnxruntime-node/dist/index.js")).href;
  await writeFile(
    join(home, "beside.js"),
    `import { InferenceSession } from "${own}";
     import { encodeModel, readNetwork, render, vjp } from "dreamgrid";
     const network = await readNetwork("emojinet");
     const session = await InferenceSession.create(encodeModel(vjp(network, { layer: 2 })));
     console.log(...session.outputNames);
     const request = { network, layer: 2, channels: [1], numIterations: 1, pyramidLevels: 1 };
     for await (const { kind } of render(request)) if (kind === "image") console.log(kind);`,
  );
  const { stdout } = await inHome(process.execPath, "beside.js");
  expect(stdout).toBe("value gradient\nimage\n");
});

test("the command says its version and renders a request", async () => {
  const command = join(home, "node_modules/.bin/dreamgrid");
  const { stdout } = await inHome(command, "--version");
  expect(stdout).toBe(`${packageJson.version}\n`);
  const request = { network: "emojinet", layer: 2, channels: [1], numIterations: 1 };
  await writeFile(join(home, "tiny.json"), JSON.stringify({ ...request, pyramidLevels: 1 }));
  await inHome(command, "dream", "tiny.json", "--out", "sheets");
  expect(existsSync(join(home, "sheets/tiny.png"))).toBe(true);
  expect(existsSync(join(home, "sheets/tiny.manifest.json"))).toBe(true);
  expect(readFileSync(join(home, "sheets/index.html"), "utf8")).toContain("tiny.tiles/00001.png");
});
