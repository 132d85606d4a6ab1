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
  expect([methods[0], methods[1], methods.at(-1)]).toEqual(["deepdream", "channels", "vivid"]);
});

test("it says how long it takes, and begins nothing that takes more than an hour unasked", async () => {
  const out = join(folder, "long");
  const { code, stderr } = await run("atlas", "emojinet", "--threads", "1", "--out", out);
  expect(code).toBe(2);
  expect(stderr).toMatch(/58 layers, \d+ pictures, about .* on 1 core; say --yes/);
  await expect(readdir(out)).rejects.toThrow(/ENOENT/);
});

test("it draws a sheet for each layer and a report of all, and again draws nothing", async () => {
  await tinyNetwork(folder);
  const out = join(folder, "atlas");
  const tiny = join(folder, "tiny/tiny.onnx");
  const words = ["atlas", tiny, "--layers", "2", "classes", "--channels", "3:4", "--out", out];
  const first = await run(...words, "--quiet");
  expect([first.code, first.stderr]).toEqual([0, ""]);
  const files = await readdir(out);
  const report = await readFile(join(out, "index.html"), "utf8");
  for (const name of ["tiny-wide", "tiny-classes"]) {
    expect(files).toContain(`${name}.png`);
    expect(report).toContain(name);
  }
  const again = await run(...words, "--json");
  expect(again.stdout).not.toContain('"kind":"step"');
  expect(again.stdout).toContain('"kind":"report"');
  expect(first.stdout).not.toBe("");
});
