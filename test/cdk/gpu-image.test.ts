import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";

import { writeGpuContext } from "../../cdk/bundle/gpu-context.ts";
import { copyPackages } from "../../cdk/bundle/packages.ts";
import { EXIT } from "../../functions/gpu-worker/exit-codes.ts";
import packageJson from "../../package.json" with { type: "json" };
import { bundleOf } from "./support/bundles.ts";
import { invoke } from "./support/invoke.ts";

const run = promisify(execFile);
const IMAGE = new URL("../../functions/gpu-worker/image/", import.meta.url);
const PROVIDER = "com.github.asus4.onnxruntime.linux-x64-gpu";

const folder = mkdtempSync(join(tmpdir(), "dreamgrid-gpu-image-"));
const context = writeGpuContext(bundleOf("gpu-worker"), join(folder, "context"));
afterAll(() => rmSync(folder, { recursive: true }));

const dependencies = z.object({ dependencies: z.record(z.string(), z.string()) });
const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional() }),
  ),
});

test("the build context is the recipe and the bundled code, and nothing else", () => {
  expect(filesIn(context)).toEqual([
    ".npmrc",
    "Dockerfile",
    "app/analysis-thread.mjs",
    "app/analysis-thread.mjs.map",
    "app/gpu-gate-child.mjs",
    "app/gpu-gate-child.mjs.map",
    "app/index.mjs",
    "app/index.mjs.map",
    "app/session-thread.mjs",
    "app/session-thread.mjs.map",
    "check-libraries.sh",
    "install.sh",
    "package-lock.json",
    "package.json",
  ]);
});

test("the image is built on NVIDIA's CUDA 13 runtime alone", () => {
  const dockerfile = readFileSync(join(context, "Dockerfile"), "utf8");
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  expect(new Set(bases)).toEqual(new Set(["${CUDA_IMAGE}"]));
  expect(dockerfile).toMatch(/^ARG CUDA_IMAGE=nvidia\/cuda:13\.0\.\d-cudnn-runtime-ubuntu24\.04$/m);
  const fetched = [...dockerfile.matchAll(/^ADD (.*) \\\n\s+(\S+)/gm)];
  expect(fetched).toHaveLength(2);
  for (const [, checksum, address] of fetched) {
    expect(checksum).toMatch(/^--checksum=sha256:[0-9a-f]{64}$/);
    expect(address).toMatch(/^\$\{NPM_REGISTRY\}/);
  }
});

test("every package is locked by its hash, and the versions are those of the repository", () => {
  const { packages } = lockfile.parse(readJson(new URL("package-lock.json", IMAGE)));
  const unlocked = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== "" && !integrity?.startsWith("sha512-"),
  );
  expect(unlocked).toEqual([]);
  const theirs = dependencies.parse(readJson(new URL("package.json", IMAGE)));
  const ours = {
    "onnxruntime-node": packageJson.devDependencies["onnxruntime-node"],
    sharp: packageJson.dependencies.sharp,
  };
  for (const [name, version] of Object.entries(ours)) {
    expect(theirs.dependencies[name]).toBe(version);
    expect(packages[`node_modules/${name}`]?.version).toBe(version);
  }
  // the provider's version that holds ONNX Runtime 1.29.0 for CUDA 13
  expect(ours["onnxruntime-node"]).toBe("1.29.0");
  expect(theirs.dependencies[PROVIDER]).toBe("0.4.9");
});

test("the library check passes where all is there, and fails where a library or all are missing", async () => {
  const check = join(context, "check-libraries.sh");
  const modules = join(folder, "modules");
  copyPackages(["sharp", "onnxruntime-node"], modules);
  await expect(run(check, [modules])).resolves.toBeDefined();

  rmSync(join(modules, "onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1"));
  await expect(run(check, [modules])).rejects.toThrow(
    /onnxruntime_binding\.node lacks:\s+libonnxruntime\.so\.1 => not found/,
  );
  await expect(run(check, [join(context, "app")])).rejects.toThrow(/no native library under/);
});

test("the worker, alone with its packages, refuses to start where there is no CUDA", async () => {
  const app = join(context, "app");
  copyPackages(["sharp", "onnxruntime-node"], join(app, "node_modules"));
  // nothing listens there: the worker has to end before it looks for a queue
  const nowhere = "http://127.0.0.1:9";
  await expect(
    invoke(app, null, {
      AWS_ENDPOINT_URL: nowhere,
      BUCKET_NAME: "none",
      GPU_QUEUE_URL: `${nowhere}/000000000000/none`,
      PROVIDER: "cuda",
    }),
  ).rejects.toThrow(
    new RegExp(
      `ended with ${EXIT.noCard}: .*worker does not start: CUDA did not pass its check`,
      "s",
    ),
  );
});

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();
}

function readJson(url: URL): unknown {
  return JSON.parse(readFileSync(url, "utf8"));
}
