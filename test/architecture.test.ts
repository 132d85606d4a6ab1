import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

import endpointPackage from "../local/endpoint/package.json" with { type: "json" };

/** What each folder may import besides itself. The README's layer diagram, executable. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "lib/onnx": [],
  "lib/image": [],
  "lib/storage": [],
  "lib/queue": [],
  "lib/autodiff": ["lib/onnx"],
  "lib/networks": ["lib/onnx"],
  "lib/optvis": ["lib/onnx", "lib/autodiff", "lib/image"],
  "lib/pipeline": [
    "lib/onnx",
    "lib/autodiff",
    "lib/image",
    "lib/networks",
    "lib/optvis",
    "lib/storage",
    "lib/queue",
  ],
  functions: [
    "lib/onnx",
    "lib/autodiff",
    "lib/networks",
    "lib/optvis",
    "lib/pipeline",
    "lib/storage",
    "lib/queue",
  ],
  // the schemas that requests are checked with are also the gateway's models
  cdk: ["functions", "lib/pipeline"],
  local: [
    "functions",
    "lib/onnx",
    "lib/autodiff",
    "lib/image",
    "lib/networks",
    "lib/optvis",
    "lib/pipeline",
    "lib/storage",
    "lib/queue",
  ],
  // a package of its own: it knows nobody, and is known by its name alone
  "local/endpoint": [],
};

/** Third-party packages that only some places may know. */
const CONFINED: Readonly<Record<string, RegExp>> = {
  "@aws-sdk/":
    /^lib\/(storage\/s3|queue\/sqs)-|^functions\/([\w-]+\/index|aws-deps|ecs-gpu-service)\.ts$|^local\//,
  "@aws-lambda-powertools/": /^functions\//,
  "onnxruntime-node": /^lib\/optvis\/runtime\//,
  "onnx-buf": /^lib\/onnx\//,
  sharp: /^lib\/image\/png\.ts$/,
  "aws-cdk-lib": /^cdk\//,
  commander: /^local\/cli\//,
  "@dreamgrid/aws-endpoint": /^local\//,
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isLocal: boolean;
}

const SOURCE = /^(lib|functions|local|cdk)\/.*\.m?ts$/;
const TEST = /^(local\/endpoint\/)?test\/.*\.ts$/;
const ENDPOINT = /^local\/endpoint\//;

const paths = readdirSync(".", { recursive: true, encoding: "utf8" });
const importsIn = (wanted: (path: string) => boolean): readonly Import[] =>
  paths.filter(wanted).flatMap((path) => importsOf(path, readFileSync(path, "utf8")));

const imports = importsIn((path) => SOURCE.test(path) && !TEST.test(path));

function importsOf(from: string, text: string): Import[] {
  return [...text.matchAll(/(?:\b(?:from|import)\s+|\bimport\()"([^"]+)"/g)].map((match) => {
    const specifier = match[1]!;
    const isLocal = specifier.startsWith(".");
    return { from, to: isLocal ? normalize(join(dirname(from), specifier)) : specifier, isLocal };
  });
}

const folderOf = (path: string) =>
  /^(lib\/[^/]+|functions|cdk|local\/endpoint|local)\//.exec(path)?.[1] ?? path;

function forbiddenImports(found: readonly Import[]): readonly Import[] {
  return found.filter(({ from, to, isLocal }) => {
    const [source, target] = [folderOf(from), folderOf(to)];
    const isAllowed = target === "package.json" || MAY_IMPORT[source]?.includes(target);
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

  test("a forbidden import is found", () => {
    const upwards = importsOf("lib/onnx/x.ts", 'import { a } from "../optvis/y.ts";');
    expect(forbiddenImports(upwards)).toHaveLength(1);
    const later = importsOf("lib/onnx/x.ts", 'const { a } = await import("../optvis/y.ts");');
    expect(forbiddenImports(later)).toHaveLength(1);
    const stray = importsOf("lib/onnx/x.ts", 'import sharp from "sharp";');
    expect(strayUsers(stray, "sharp", CONFINED["sharp"]!)).toHaveLength(1);
  });
});
