import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { describe, expect, onTestFinished, test } from "vitest";

import { differentiableGraph, encodeModel, readNetwork } from "../../../lib/dreamgrid.ts";
import { decodeNpy, encodeNpy } from "../../../lib/image/npy.ts";
import { floatTensor, type FloatTensor } from "../../../lib/onnx/tensor.ts";
import { Session } from "../../../lib/optvis/runtime/session.ts";
import { filesIn, temporaryFolder } from "../../networks/temporary-folder.ts";
import { npyFixture, relativeDistance } from "../../optvis/fixtures.ts";
import { normal } from "../../support/random.ts";
import { untilTrue } from "../../support/until.ts";
import { expectRefused, run, runProcess } from "./command-line.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const fixture = (name: string) => here(`../../fixtures/optvis/${name}`);
const bin = here("../../../local/bin/dreamgrid.mjs");

async function npy(path: string): Promise<FloatTensor> {
  const { shape, data } = decodeNpy(await readFile(path));
  return floatTensor(shape, data);
}

test("--version is the package's", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  expect(await run("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

describe("analyze", () => {
  test("shows emojinet's layers as MATLAB shows GoogLeNet's", async () => {
    const { code, stdout, stderr } = await run("analyze", "emojinet");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^ +2 +conv1-7x7_s2 +Conv +64 x 112 x 112 +64 x 3 x 7 x 7, 64 +9,472 +yes$/m,
    );
    expect(stdout).toMatch(/^ *142 +loss3-classifier +Gemm +567/m);
    expect(stdout).toMatch(/143 layers, 1,845,711 learnables, input 224 x 224 RGB/);
  });

  test("gives the same as JSON", async () => {
    const { stdout } = await run("analyze", "emojinet", "--json");
    const { network, layers } = JSON.parse(stdout) as {
      readonly network: string;
      readonly layers: readonly object[];
    };
    expect(network).toBe("emojinet");
    expect(layers).toHaveLength(143);
    expect(layers[0]).toMatchObject({ index: 1, type: "Input", renderable: false });
    expect(layers[96]).toMatchObject({
      index: 97,
      name: "inception_4e-1x1",
      type: "Conv",
      activations: [1, 128, 14, 14],
      channels: 128,
      renderable: true,
      problem: null,
    });
  });
});

describe("export-graph", () => {
  const common = ["--network", fixture("smooth.onnx"), "--layer", "conv2", "--size", "14"];
  const shape = [2, 3, 14, 14];
  const selection = floatTensor([2, 4], [0, 0, 1, 0, 1, 0, 0, 0]);

  test("writes activation and gradient of each image's channel, as central differences have it", async () => {
    const out = join(await temporaryFolder(), "graph.onnx");
    const words = [...common, "--batch", "2", "--objective", "mean"];
    const { code, stdout } = await run("export-graph", ...words, "--out", out);
    expect(code).toBe(0);
    expect(stdout).toMatch(/graph\.onnx: \d+ nodes, \d+\.\d MB\n/);

    const session = await Session.create(await readFile(out), "cpu");
    const at = async (image: FloatTensor) => {
      const { activation, gradient } = await session.run({ image, selection });
      if (activation?.type !== "float32" || gradient?.type !== "float32") throw new Error("types");
      return { activation, gradient };
    };
    const [image, direction] = [normal(shape, 1), normal(shape, 2)];
    const moved = (step: number) =>
      floatTensor(
        shape,
        image.data.map((x, i) => x + step * direction.data[i]!),
      );
    const { gradient } = await at(image);
    expect(gradient.shape).toEqual(shape);
    const step = 1e-2; // truncation of about its square, rounding of 1e-7 over it
    const [plus, minus] = [await at(moved(step)), await at(moved(-step))];
    const pixels = gradient.data.length / 2;
    for (const n of [0, 1]) {
      const own = gradient.data.subarray(n * pixels, (n + 1) * pixels);
      const slope = own.reduce((sum, g, i) => sum + g * direction.data[n * pixels + i]!, 0);
      const wanted = (plus.activation.data[n]! - minus.activation.data[n]!) / (2 * step);
      const norm = Math.sqrt(own.reduce((sum, g) => sum + g * g, 0));
      expect(Math.abs(slope - wanted) / norm).toBeLessThan(2e-3); // JAX's for float32 gradients
      expect(Math.abs(wanted) / norm, "the direction is not flat").toBeGreaterThan(0.02);
    }
    await session.release();
  });

  test("with --ascent writes the Loop, which raises the activation", async () => {
    const out = join(await temporaryFolder(), "ascent.onnx");
    const words = [...common, "--batch", "2", "--ascent", "--objective", "rectified"];
    expect((await run("export-graph", ...words, "--out", out)).code).toBe(0);
    const session = await Session.create(await readFile(out), "cpu");
    const { activations, image_out: image } = await session.run({
      image: normal(shape, 1),
      selection,
      iterations: { type: "int64", shape: [], data: BigInt64Array.of(5n) },
      step: floatTensor([], [1]),
    });
    await session.release();
    expect(image!.shape).toEqual(shape);
    expect(activations!.shape).toEqual([5, 2]);
    const [first, last] = [Number(activations!.data[0]), Number(activations!.data[8])];
    expect(last).toBeGreaterThan(first);
  });

  test("raises what requests and the library do, unless it is told otherwise", async () => {
    const out = join(await temporaryFolder(), "graph.onnx");
    const exported = async (...words: readonly string[]) => {
      expect((await run("export-graph", ...common, ...words, "--out", out)).code).toBe(0);
      return readFile(out);
    };
    const network = await readNetwork(fixture("smooth.onnx"));
    const graph = differentiableGraph(network, { layer: "conv2", image: [1, 3, 14, 14] });
    const byDefault = await exported();
    expect(byDefault.equals(encodeModel(graph))).toBe(true);
    expect(byDefault.equals(await exported("--objective", "mean"))).toBe(false);
    const ascent = await exported("--ascent");
    expect(ascent.equals(await exported("--ascent", "--objective", "rectified"))).toBe(true);
  });

  test("replaces a file whole", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "graph.onnx");
    await writeFile(out, "what was there before");
    await run("export-graph", ...common, "--out", out);
    expect(await filesIn(folder)).toEqual(["graph.onnx"]);
    expect((await readFile(out)).byteLength).toBeGreaterThan(1000);
  });
});

describe("ascend", () => {
  test("writes PyTorch's image and activations from PyTorch's start", async () => {
    const out = join(await temporaryFolder(), "a", "b");
    const what = ["--network", fixture("smooth.onnx"), "--layer", "conv2", "--channels", "3", "1"];
    const how = ["--objective", "mean", "--iterations", "20", "--levels", "2", "--threads", "1"];
    const files = ["--init", fixture("smooth-conv2-mean.start.npy"), "--out", out];
    const { code, stdout, stderr } = await run("ascend", ...what, ...how, ...files);
    expect(code).toBe(0);
    expect(stderr).toContain("image.npy and activation.npy");
    expect(stdout.trimEnd().split("\n")).toHaveLength(1 + 40);
    for (const [file, wanted] of [
      ["image.npy", await npyFixture("smooth-conv2-mean.image")],
      ["activation.npy", await npyFixture("smooth-conv2-mean.trace")],
    ] as const) {
      const given = await npy(join(out, file));
      expect(given.shape).toEqual(wanted.shape);
      // as in the engine's own test: rounding carried on by forty updates
      expect(relativeDistance(given.data, wanted.data)).toBeLessThan(1e-4);
    }
  });
});

describe("as a process of its own", () => {
  test("ascends emojinet", async () => {
    const folder = await temporaryFolder();
    const init = join(folder, "start.npy");
    const start = normal([2, 3, 64, 56], 5);
    await writeFile(init, encodeNpy(start.shape, start.data));
    const out = join(folder, "out");
    const what = ["--network", "emojinet", "--layer", "97", "--channels", "1,7"];
    const files = ["--init", init, "--out", out];
    const { code, stdout, stderr } = await runProcess(
      "ascend",
      ...what,
      "--iterations",
      "3",
      ...files,
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout.split("\n")[0]).toBe("Iteration  Activation Strength  Pyramid Level");
    expect((await npy(join(out, "image.npy"))).shape).toEqual([2, 3, 64, 56]);
    const { shape, data } = await npy(join(out, "activation.npy"));
    expect(shape).toEqual([3, 2]);
    const shown = stdout.split("\n")[3]!.trim().split(/ +/);
    expect(shown).toEqual(["3", ((data[4]! + data[5]!) / 2).toFixed(2), "1"]);
  });

  test("refuses with one line and exit code 2", async () => {
    const folder = await temporaryFolder();
    const model = join(folder, "damaged.onnx");
    await copyFile(fixture("kinked.onnx"), model);
    await writeFile(model, (await readFile(model)).subarray(0, 4000));
    const out = join(folder, "out");
    const words = ["--layer", "conv3", "--channels", "1", "--out", out];
    await expectRefused(folder, ["ascend", "--network", model, ...words], /damaged/, runProcess);
    // the rest in this one, as it is the same code
    await expectRefused(folder, ["ascend", "--network", "emojinet", ...words], /conv3/);
    await expectRefused(folder, ["--colour"], /unknown option '--colour'/);
    const dream = ["dream", "emojinet", "--layer", "conv3"];
    await expectRefused(folder, [...dream, "--iterations=2"], /Did you mean --num-iterations\?/);
    await expectRefused(folder, [...dream, "--gird-size", "2"], /Did you mean --grid-size\?/);
    await expectRefused(folder, [...dream, "--thumbnail", "9"], /Did you mean --thumbnail-size\?/);
  });

  test("ends quietly when nobody reads on", async () => {
    const child = spawn(process.execPath, [bin, "analyze", "emojinet", "--json"]);
    child.stdout.destroy();
    const [stderr, ended] = await Promise.all([text(child.stderr), once(child, "close")]);
    // a shell reports it as 141
    expect([ended, stderr]).toEqual([[null, "SIGPIPE"], ""]);
  });

  test.skipIf(!existsSync("/dev/full"))(
    "says in a line that its output's disk is full",
    async () => {
      const full = openSync("/dev/full", "w");
      onTestFinished(() => closeSync(full));
      const child = spawn(process.execPath, [bin, "labels", "emojinet"], {
        stdio: ["ignore", full, "pipe"],
      });
      const [stderr, [code]] = await Promise.all([text(child.stderr!), once(child, "close")]);
      expect(stderr).toMatch(/^dreamgrid: standard output cannot be written: ENOSPC: [^\n]+\n$/);
      expect(code).toBe(2);
    },
  );

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "interrupted by %s, it says how to go on and leaves nothing half-written",
    async (signal, exit) => {
      const folder = await temporaryFolder();
      const [path, out] = [join(folder, "long.json"), join(folder, "out")];
      const long = { network: "emojinet", layer: 2, channels: "all", numIterations: 500 };
      await writeFile(path, JSON.stringify(long));
      const child = spawn(process.execPath, [bin, "dream", path, "--out", out, "--threads", "1"]);
      const jobs = join(out, ".pipeline", "dreamgrid", "jobs");
      await untilTrue(
        () => existsSync(jobs),
        () => "the job was never planned",
      );
      child.kill(signal);
      const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
      expect(stderr.trimEnd().split("\n").at(-1)).toBe(
        "dreamgrid: interrupted; run it again to go on",
      );
      expect(code).toBe(exit); // 128 + the signal's number
      expect(await readdir(out)).toEqual([".pipeline"]);
    },
  );

  test("whose reader leaves while it draws, it stops as when interrupted", async () => {
    const folder = await temporaryFolder();
    const words = ["emojinet", "--layer", "2", "--channels", "all", "--num-iterations", "500"];
    const how = ["--threads", "1", "--out", folder, "--json"];
    const child = spawn(process.execPath, [bin, "dream", ...words, ...how]);
    const stderr = text(child.stderr);
    for await (const line of createInterface(child.stdout)) if (line.includes('"step"')) break;
    child.stdout.destroy();
    const [code] = await once(child, "close");
    expect((await stderr).trimEnd().split("\n").at(-1)).toBe(
      "dreamgrid: interrupted; run it again to go on",
    );
    expect(code).toBe(141); // 128 + SIGPIPE's number
  });

  test("shows help and ends well", async () => {
    const { code, stdout, stderr } = await runProcess("--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: dreamgrid");
  });
});
