import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

import endpointPackage from "../local/endpoint/package.json" with { type: "json" };
import { circleAmong, type Import, importsOf } from "./support/imports.ts";

/** What every room of the pipeline stands on. */
const BASE = ["concurrency", "json", "keys", "limits", "rates", "version"];
const PIPELINE_BASE = BASE.map((name) => `lib/pipeline/${name}.ts`);

/** All that works on networks and images. */
const ENGINE = ["onnx", "autodiff", "image", "networks", "optvis"].map((name) => `lib/${name}`);
/** What the API takes and answers, which its clients read too. */
const API_DOCUMENTS = ["", "network-", "explanation-"].map((of) => `functions/api/${of}schemas.ts`);

/** What each folder may import besides itself, folders or files: the README's diagram, executed. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "lib/onnx": [],
  "lib/image/formats.ts": [],
  "lib/image": ["lib/image/formats.ts"],
  "lib/aws-timeouts.ts": [],
  "lib/storage": ["lib/aws-timeouts.ts"],
  "lib/queue": ["lib/aws-timeouts.ts"],
  "lib/autodiff": ["lib/onnx"],
  "lib/networks": ["lib/onnx"],
  "lib/optvis/graph": ["lib/onnx", "lib/autodiff", "lib/image"],
  "lib/optvis/runtime/gpu-verdict.ts": ["lib/autodiff"],
  // the check of a provider runs a small graph
  "lib/optvis/runtime": [
    "lib/started-file.ts",
    "lib/onnx",
    "lib/autodiff",
    "lib/optvis/graph",
    "lib/optvis/random.ts",
    "lib/optvis/runtime/gpu-verdict.ts",
  ],
  "lib/optvis/quality": ["lib/onnx", "lib/autodiff", "lib/image", "lib/optvis"],
  "lib/optvis/activation-atlas": ["lib/onnx", "lib/image", "lib/optvis/random.ts"],
  "lib/optvis/dataset-examples": ["lib/onnx", "lib/image", "lib/optvis"],
  "lib/optvis/concepts": ["lib/onnx", "lib/optvis/random.ts"],
  "lib/optvis/ascent": ["lib/onnx", "lib/autodiff", "lib/image", "lib/optvis"],
  "lib/pipeline/keys.ts": ["lib/image/formats.ts", "lib/pipeline/limits.ts"],
  "lib/pipeline/json.ts": ["lib/storage"],
  "lib/pipeline/networks": [
    "lib/started-file.ts",
    "lib/onnx",
    "lib/autodiff",
    "lib/networks",
    "lib/optvis/graph",
    "lib/storage",
    ...PIPELINE_BASE,
  ],
  "lib/pipeline/request/shortest-request.ts": ["lib/pipeline/request"],
  "lib/pipeline/request": [
    "lib/pipeline/request/shortest-request.ts",
    ...ENGINE,
    "lib/storage",
    "lib/pipeline/networks",
    ...PIPELINE_BASE,
  ],
  "lib/pipeline/job": [
    "lib/image/formats.ts",
    "lib/autodiff",
    "lib/optvis/quality",
    "lib/optvis/runtime/gpu-verdict.ts",
    "lib/networks",
    "lib/storage",
    "lib/queue",
    "lib/pipeline/networks",
    "lib/pipeline/request",
    ...PIPELINE_BASE,
  ],
  "lib/pipeline/atlas": [
    "lib/networks",
    "lib/pipeline/networks",
    "lib/pipeline/request",
    "lib/pipeline/job",
    "lib/storage",
    ...PIPELINE_BASE,
  ],
  "lib/pipeline/render": [
    ...ENGINE,
    "lib/storage",
    "lib/pipeline/networks",
    "lib/pipeline/request",
    "lib/pipeline/job",
    ...PIPELINE_BASE,
    "lib/queue",
  ],
  "lib/pipeline/explain": [
    ...ENGINE,
    "lib/storage",
    "lib/queue",
    ...PIPELINE_BASE,
    "lib/pipeline/networks",
    "lib/pipeline/request",
    "lib/pipeline/render",
  ],
  "lib/pipeline/dataset": [
    ...ENGINE,
    ...PIPELINE_BASE,
    "lib/pipeline/networks",
    "lib/pipeline/request",
    "lib/pipeline/explain",
  ],
  "lib/pipeline/sheet": [
    "lib/image",
    "lib/optvis/quality",
    "lib/queue",
    // how a sheet's file says what was asked
    "lib/pipeline/request/shortest-request.ts",
    "lib/pipeline/job",
    ...PIPELINE_BASE,
  ],
  // the public face, and its functions
  "lib/dreamgrid.ts": [...ENGINE, "lib/pipeline", "lib/library"],
  "lib/library": [...ENGINE, "lib/pipeline"],
  // how a checkout runs without being compiled first
  "lib/source-bundle.mjs": [],
  "lib/started-file.ts": ["lib/source-bundle.mjs"],
  "functions/api/schemas.ts": ["lib/autodiff", "lib/networks", "lib/pipeline"],
  "functions/api/network-schemas.ts": ["functions/api/schemas.ts", "lib/pipeline"],
  "functions/api/explanation-schemas.ts": ["functions/api/schemas.ts", "lib/pipeline"],
  functions: [
    ...API_DOCUMENTS,
    "lib/onnx",
    "lib/autodiff",
    "lib/networks",
    "lib/optvis",
    "lib/pipeline",
    "lib/storage",
    "lib/queue",
  ],
  // the schemas that requests are checked with are also the gateway's models
  cdk: ["functions", "lib/networks", "lib/pipeline", "lib/source-bundle.mjs"],
  local: ["cdk", "functions", "lib"],
  // all that the browser's code knows of ours: the API's documents and its own server's, as types
  "web/api/documents.ts": [...API_DOCUMENTS, "lib/pipeline/dataset"],
  // pieces that call no server
  "web/components": ["web/api/documents.ts"],
  web: ["web/api/documents.ts", "web/components"],
  bench: ["local", "cdk", "functions", "lib"],
  // a package of its own: it knows nobody, and is known by its name alone
  "local/endpoint": [],
};

/** Third-party packages that only some places may know. */
const CONFINED: Readonly<Record<string, RegExp>> = {
  "@aws-sdk/":
    /^lib\/(storage\/s3|queue\/sqs)-|^functions\/([\w-]+\/index|aws-deps)\.ts$|^cdk\/quotas\.ts$|^local\//,
  "@aws-lambda-powertools/": /^functions\//,
  // the bench asks for profiles and for a level of optimisation, which nobody else needs
  "onnxruntime-node": /^lib\/optvis\/runtime\/|^bench\/(gpu\/|cpu-forms\.ts)/,
  "onnx-buf": /^lib\/onnx\//,
  sharp: /^lib\/image\/(load-sharp|png)\.ts$/,
  "aws-cdk-lib": /^cdk\//,
  commander: /^local\/cli\//,
  "@dreamgrid/aws-endpoint": /^(local|bench)\//,
  preact: /^web\//,
  uplot: /^web\/components\//,
  "@dagrejs/dagre": /^web\//,
  openseadragon: /^web\//,
};

const SOURCE = /^(lib|functions|local|cdk|bench|web)\/.*\.m?tsx?$/;
const TEST = /^(local\/endpoint\/)?test\/.*\.ts$/;
const ENDPOINT = /^local\/endpoint\//;

const paths = ["lib", "functions", "local", "cdk", "bench", "web", "test"].flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => join(root, name)),
);
const importsIn = (wanted: (path: string) => boolean): readonly Import[] =>
  paths.filter(wanted).flatMap((path) => importsOf(path, readFileSync(path, "utf8")));

const imports = importsIn((path) => SOURCE.test(path) && !TEST.test(path));

const isIn = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** The innermost folder with an entry of its own; a file in none stands for itself. */
const FOLDERS = Object.keys(MAY_IMPORT).toSorted((a, b) => b.length - a.length);
const folderOf = (path: string) => FOLDERS.find((folder) => isIn(path, folder)) ?? path;

function forbiddenImports(found: readonly Import[]): readonly Import[] {
  return found.filter(({ from, to, isLocal }) => {
    const [source, target] = [folderOf(from), folderOf(to)];
    const isAllowed =
      target === "package.json" || MAY_IMPORT[source]?.some((folder) => isIn(target, folder));
    return isLocal && source !== target && !isAllowed;
  });
}

function strayUsers(found: readonly Import[], name: string, allowed: RegExp): readonly Import[] {
  return found.filter(({ from, to }) => to.startsWith(name) && !allowed.test(from));
}

describe("architecture", () => {
  test("the tree is there to be read", () => {
    expect(imports.length).toBeGreaterThan(200);
  });

  test("folders import only what the layer diagram allows", () => {
    expect(forbiddenImports(imports)).toEqual([]);
  });

  test.each(Object.entries(CONFINED))("%s stays in its place", (name, allowed) => {
    expect(strayUsers(imports, name, allowed)).toEqual([]);
  });

  test("the endpoint's package and the project meet at its entry alone, in tests too", () => {
    const crossings = importsIn((path) => TEST.test(path)).filter(
      ({ from, to, isLocal }) =>
        isLocal && !to.endsWith("package.json") && ENDPOINT.test(from) !== ENDPOINT.test(to),
    );
    expect(crossings).toEqual([]);
  });

  test("the endpoint's package declares what it needs", () => {
    const needed = imports.filter(({ from, isLocal }) => ENDPOINT.test(from) && !isLocal);
    const packages = needed.map(({ to }) => to).filter((to) => !to.startsWith("node:"));
    expect(new Set(packages)).toEqual(new Set(Object.keys(endpointPackage.dependencies)));
  });

  test("no files import each other in a circle", () => {
    const everywhere = importsIn((path) => SOURCE.test(path) || TEST.test(path));
    expect(circleAmong(everywhere)).toBeNull();
  });

  test("a circle of imports is found", () => {
    const circle = [
      ...importsOf("lib/a.ts", 'import { b } from "./b.ts";'),
      ...importsOf("lib/b.ts", 'import type { C } from "./in/c.ts";'),
      ...importsOf("lib/in/c.ts", 'export { d } from "../d.ts";\nimport { b } from "../b.ts";'),
    ];
    expect(circleAmong(circle)).toEqual(["lib/b.ts", "lib/in/c.ts", "lib/b.ts"]);
    expect(circleAmong(circle.slice(0, -1))).toBeNull();
  });

  test("the endpoint's README names the operations that the project sends", () => {
    const users = imports.filter(({ to }) => /^@aws-sdk\/client-(s3|sqs)$/.test(to));
    const commands = users.flatMap(({ from }) =>
      [...readFileSync(from, "utf8").matchAll(/new (\w+)Command\(/g)].map(([, name]) => name!),
    );
    const readme = readFileSync("local/endpoint/README.md", "utf8");
    const named = /dreamgrid itself sends .*?\. It also/.exec(readme)?.[0] ?? "";
    expect(new Set(named.match(/\b[A-Z]\w*[a-z][A-Z]\w*/g))).toEqual(new Set(commands));
  });

  test("the README's map shows every folder of the house, and none that is not there", () => {
    const map =
      /## The house\n\n```\n([^]*?)```/.exec(readFileSync("README.md", "utf8"))?.[1] ?? "";
    const shown = new Set([...map.matchAll(/(?<=^|\s)([\w-]+)\//gm)].map(([, name]) => name!));
    const sources = paths.filter((path) => SOURCE.test(path) || TEST.test(path)).map(dirname);
    const parts = sources.map((folder) => folder.split("/"));
    const wanted = parts.flatMap(([top, room]) => (top === "lib" && room ? [top, room] : [top!]));
    expect([...new Set(wanted)].filter((name) => !shown.has(name))).toEqual([]);
    const known = new Set([...parts.flat(), "models", "examples"]);
    expect([...shown].filter((name) => !known.has(name))).toEqual([]);
  });

  test("a forbidden import is found", () => {
    const upwards = importsOf("lib/onnx/x.ts", 'import { a } from "../optvis/y.ts";');
    expect(forbiddenImports(upwards)).toHaveLength(1);
    const later = importsOf("lib/onnx/x.ts", 'const { a } = await import("../optvis/y.ts");');
    expect(forbiddenImports(later)).toHaveLength(1);
    const room = importsOf("lib/optvis/graph/x.ts", 'import { a } from "../runtime/y.ts";');
    expect(forbiddenImports(room)).toHaveLength(1);
    const below = importsOf("lib/optvis/ascent/x.ts", 'import { a } from "../runtime/y.ts";');
    expect(forbiddenImports(below)).toHaveLength(0);
    const stray = importsOf("lib/onnx/x.ts", 'import sharp from "sharp";');
    expect(strayUsers(stray, "sharp", CONFINED["sharp"]!)).toHaveLength(1);
  });
});
