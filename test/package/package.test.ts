import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

import packageJson from "../../package.json" with { type: "json" };

/** Packing and installing fetch some 60 packages from the registry that npm is configured with. */
const INSTALL_TIMEOUT_MS = 3_600_000;
const REPOSITORY = resolve(".");
const NODE_MODULES = join(REPOSITORY, "node_modules");

const folder = mkdtempSync(join(tmpdir(), "dreamgrid-package-"));
afterAll(() => rmSync(folder, { recursive: true }));
/** Where the package is installed: an empty folder, of no project. */
const home = join(folder, "home");

const packedSchema = z.tuple([
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
]);
let packed: readonly string[] = [];

const run = promisify(execFile);
const inHome = (command: string, ...words: readonly string[]) =>
  run(command, words, {
    cwd: home,
    env: { ...process.env, DREAMGRID_CACHE: join(folder, "cache"), DREAMGRID_MODELS: "" },
  });

async function compileStrictly(file: string): Promise<void> {
  const words = `--strict --module nodenext --target es2023 --types node ${file}`.split(" ");
  const types = ["--typeRoots", join(NODE_MODULES, "@types")];
  await inHome(process.execPath, join(NODE_MODULES, "typescript/bin/tsc"), ...types, ...words);
}

beforeAll(async () => {
  // packed from a copy: a build in the repository would disturb tests that read its tree
  const copy = join(folder, "copy");
  const isSource = (path: string) =>
    !/(?:^|\/)(?:node_modules|\.git|dist|build|cdk\.out|dreams|\.dreamgrid)$/.test(
      relative(REPOSITORY, path),
    );
  cpSync(REPOSITORY, copy, { recursive: true, filter: isSource });
  symlinkSync(NODE_MODULES, join(copy, "node_modules"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: copy,
  });
  // what the build prints comes first
  const [{ filename, files }] = packedSchema.parse(JSON.parse(stdout.slice(stdout.indexOf("["))));
  packed = files.map(({ path }) => path);
  mkdirSync(home);
  await inHome("npm", "init", "--yes");
  await inHome("npm", "pkg", "set", "type=module");
  // see README.md: what onnxruntime-node's script downloads is not needed
  await inHome("npm", "install", "--ignore-scripts", "--no-audit", join(folder, filename));
}, INSTALL_TIMEOUT_MS);

test("the package has the library, its types, the command, emojinet and the examples, no more", () => {
  const kinds = [
    /^dist\/esm\/[\w-]+\.mjs$/,
    /^dist\/types\/(?:lib|local)\/[\w/-]+\.d\.ts$/,
    /^models\/(?:emojinet|googlenet)\/[\w.-]+$/,
    /^examples\/[\w-]+\.json$/,
    /^(?:local\/bin\/dreamgrid\.mjs|package\.json|README\.md|LICENSE)$/,
  ];
  expect(packed.filter((path) => !kinds.some((kind) => kind.test(path)))).toEqual([]);
  expect(packed).toEqual(
    expect.arrayContaining(["models/emojinet/emojinet.onnx", "examples/emojinet-1-conv1.json"]),
  );
});

test("the README's library snippet compiles strictly, and runs", async () => {
  const [, snippet] =
    /```ts\n([^`]* from "dreamgrid";[^]*?)```/.exec(readFileSync("README.md", "utf8")) ?? [];
  if (snippet === undefined) throw new Error("README.md has no code that imports dreamgrid");
  await writeFile(join(home, "snippet.ts"), snippet);
  await compileStrictly("snippet.ts");
  await inHome(process.execPath, "snippet.js");
  expect(existsSync(join(home, "conv1.onnx"))).toBe(true);
  expect(existsSync(join(home, "1.png"))).toBe(true);
});

test("the local pipeline compiles strictly, starts and stops", async () => {
  await writeFile(
    join(home, "local.ts"),
    `import { type Pipeline, startPipeline } from "dreamgrid/local";
     const pipeline: Pipeline = await startPipeline({ dataFolder: "data" });
     await pipeline.stop();`,
  );
  await compileStrictly("local.ts");
  await inHome(process.execPath, "local.js");
  expect(existsSync(join(home, "data"))).toBe(true);
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
});
