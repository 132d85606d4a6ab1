import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { planAtlas } from "../../../lib/pipeline/atlas/plan-atlas.ts";
import { emojinet } from "../../support/emojinet.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();

test("by itself it has every convolution and the classifier, each as suits it", async () => {
  const sheets = await planAtlas(emojinet, { channels: "1:64" });
  const convolutions = emojinet.layers.filter(({ type }) => type === "Conv");
  expect(sheets.map(({ layer }) => layer.name)).toEqual([
    ...convolutions.map(({ name }) => name),
    "loss3-classifier",
  ]);
  for (const { layer, resolved } of sheets) {
    expect(resolved.channels).toHaveLength(Math.min(64, layer.channels));
  }
  const methods = sheets.map(({ request }) =>
    request.method === "fourier" ? request.preset : request.method,
  );
  // for the classifier the network has its own recipe
  expect([methods[0], methods[1], methods.at(-1)]).toEqual(["deepdream", "channels", "ellipses"]);
});

test("it says how long it takes, and begins nothing that takes more than an hour unasked", async () => {
  const out = join(folder, "long");
  const layers = ["--layers", "conv1-7x7_s2", "loss3-classifier", "--channels", "1:600"];
  const { code, stderr } = await run(
    "atlas",
    "emojinet",
    ...layers,
    "--threads",
    "1",
    "--out",
    out,
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/2 layers, 631 pictures, about .* on 1 core; say --yes/);
  await expect(readdir(out)).rejects.toThrow(/ENOENT/);
});

test("its files are called so that they lie in the network's order", async () => {
  const layers = ["--layers", "inception_4e-1x1", "2"];
  const { stdout } = await run("atlas", "emojinet", ...layers, "--dry-run", "--out", "a");
  const names = [...stdout.matchAll(/^a\/(\S+)/gm)].map(([, name]) => name);
  expect(names).toEqual(["emojinet-002-conv1-7x7_s2.png", "emojinet-097-inception_4e-1x1.png"]);
});

test("it draws a sheet for each layer and a report of all, and again draws nothing", async () => {
  await tinyNetwork(folder);
  const out = join(folder, "atlas");
  const tiny = join(folder, "tiny/tiny.onnx");
  const words = ["atlas", tiny, "--channels", "3:4", "--out", out];
  const first = await run(...words, "--quiet");
  expect([first.code, first.stderr]).toEqual([0, ""]);
  const files = await readdir(out);
  const report = await readFile(join(out, "index.html"), "utf8");
  const sheets = files.filter((name) => name.endsWith(".png")).toSorted();
  expect(sheets).toEqual([
    expect.stringMatching(/^tiny-2-wide\.png/),
    expect.stringMatching(/^tiny-\d-classes\.png/),
  ]);
  for (const name of sheets) expect(report).toContain(name);
  const manifests = files.filter((name) => name.endsWith(".manifest.json")).toSorted();
  const texts = await Promise.all(manifests.map((name) => readFile(join(out, name), "utf8")));
  const labels = texts.map((text) => JSON.parse(text).request.montage.labels as unknown);
  // its classes have names
  expect(labels).toEqual(["numbers", null]);
  const again = await run(...words, "--json");
  expect(again.stdout).not.toContain('"kind":"step"');
  expect(again.stdout).toContain('"kind":"report"');
  expect(first.stdout).not.toBe("");
});
