import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { networkFolders } from "../../../lib/networks/folders.ts";
import { openNetwork } from "../../../lib/networks/registry.ts";
import { estimateOf } from "../../../lib/pipeline/job/estimate.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { parseLocalRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { filesIn } from "../../networks/temporary-folder.ts";
import { expectRefused, run, runWith } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();
const good = join(folder, "good.onnx");
const out = join(folder, "out");

const long = {
  network: good,
  layer: "conv2",
  channels: [3, 1],
  numIterations: 2_000,
  pyramidLevels: 2,
  pyramidScale: 2,
};

test("--dry-run says what would be drawn, and writes nothing", async () => {
  await writeFile(join(folder, "a.json"), JSON.stringify(long));
  const b = { ...long, targets: [{ channel: 2 }, { layer: true }], channels: undefined };
  await writeFile(join(folder, "b.json"), JSON.stringify({ ...b, pyramidLevels: 1 }));
  const before = await filesIn(folder);
  const files = [join(folder, "a.json"), join(folder, "b.json")];
  const words = ["dream", ...files, "--dry-run", "--threads", "2", "--out", out];
  const { code, stdout, stderr } = await run(...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const time = String.raw`about [\d.]+ (s|min) of one core, [\d.]+ (s|min) on 2`;
  const [first, second, all] = stdout.trimEnd().split("\n");
  expect(first).toMatch(
    new RegExp(
      `^${out}/a.png  \\(2 images: channels 1,3 of layer 'conv2' of good, 20x24 pixels, 4000 iterations each; ${time}\\)$`,
    ),
  );
  expect(second).toMatch(
    new RegExp(
      `^${out}/b.png  \\(2 images: targets 1:2 of layer 'conv2' of good, 10x12 pixels, 2000 iterations each; ${time}\\)$`,
    ),
  );
  expect(all).toMatch(new RegExp(`^2 sheets, 4 images; ${time}$`));
  expect(await filesIn(folder)).toEqual(before);
});

test("images that may not fit the machine's memory together are told of on standard error", async () => {
  const size = { cropSize: 2_048, canvasSize: 64, numIterations: 1 };
  const targets = Array.from({ length: 500 }, (_, i) => ({ channel: 1, at: [i + 1, 1] }));
  const request = { network: good, layer: "conv2", method: "fourier", ...size, targets };
  // a terabyte
  const words = ["dream", "-", "--dry-run", "--threads", "1024", "--out", out];
  const { code, stderr } = await runWith({ stdin: JSON.stringify(request) }, ...words);
  expect(stderr).toMatch(
    /^request: an image with crops of [^\n]+ takes about \d\.\d GB of memory, and 500 are drawn at once; this machine has [^\n]+\n$/,
  );
  expect(code).toBe(0);
});

test("--dry-run --json tells the same as lines, with the API's estimate", async () => {
  const stdin = JSON.stringify(long);
  const words = ["dream", "-", "--dry-run", "--json", "--threads", "1", "--out", out];
  const { code, stdout, stderr } = await runWith({ stdin }, ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const network = await analyseNetwork(await openNetwork(good, networkFolders({})));
  const resolved = await resolveRequest(parseLocalRequest(long), network, null);
  const estimate = estimateOf({ seconds: resolved.seconds, total: 2 })!;
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    {
      kind: "planned",
      request: "request",
      network: "good",
      layer: { index: 5, name: "conv2" },
      total: 2,
      channels: [3, 1],
      labels: [null, null],
      size: { width: 20, height: 24 },
      iterations: 4_000,
      estimate,
      seconds: estimate.coreSeconds,
      sheet: join(out, "request.png"),
    },
  ]);
});

test("a single image is drawn by one core, however many there are", async () => {
  const planned = async (changes: object, threads: number) => {
    const stdin = JSON.stringify({ ...long, ...changes });
    const words = ["dream", "-", "--dry-run", "--json", "--threads", `${threads}`, "--out", out];
    const { stdout } = await runWith({ stdin }, ...words);
    return JSON.parse(stdout) as { estimate: { coreSeconds: number }; seconds: number };
  };
  const one = await planned({ channels: [3] }, 8);
  expect(one.seconds).toBe(one.estimate.coreSeconds);
  const five = await planned({ layer: "conv1", channels: [1, 2, 3, 4, 5] }, 2);
  // but for the start, of half a second
  expect((five.seconds - 0.5) / (five.estimate.coreSeconds - 0.5)).toBeCloseTo(1 / 2, 1);
});

test("of one image of one iteration it is said as of one", async () => {
  const words = ["--layer", "conv2", "--channels", "3", "--num-iterations", "1", "--dry-run"];
  const { stdout } = await run("dream", good, ...words, "--out", out);
  expect(stdout).toMatch(/\(1 image: channel 3 of layer 'conv2' of good, .*, 1 iteration each; /);
});

test("--dry-run refuses what would be refused", async () => {
  const words = ["dream", good, "--layer", "conv2", "--channels", "9", "--dry-run", "--out", out];
  await expectRefused(folder, words, /channels\[0\]: given 9/);
  // a file, and what would lie in it
  for (const place of [good, join(good, "deeper", "out")]) {
    const layer = ["--layer", "conv2", "--channels", "1"];
    const message = `dreamgrid: ${good}: a file of that name is in the way\n`;
    await expectRefused(folder, ["dream", good, ...layer, "--dry-run", "--out", place], message);
    await expectRefused(folder, ["dream", good, ...layer, "--dry-run", "--data", place], message);
  }
});

test("an atlas is told layer by layer, and may take longer than an hour", async () => {
  const selection = ["--layers", "97", "142", "--channels", "1:567", "--threads", "1"];
  const { code, stdout } = await run("atlas", "emojinet", ...selection, "--dry-run", "--out", out);
  expect(code).toBe(0);
  expect(stdout).toMatch(/emojinet-097-inception_4e-1x1\.png {2}\(128 images: channels 1:128 /);
  expect(stdout).toMatch(/emojinet-142-loss3-classifier\.png {2}\(567 images: channels 1:567 /);
  expect(stdout).toMatch(/^2 sheets, 695 images; about .* of one core$/m);
});
