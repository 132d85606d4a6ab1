import { readdir, readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { classChannel, parseLabels } from "../lib/networks/labels.ts";
import { PRESETS } from "../lib/pipeline/request/fields/fourier.ts";
import { parseLocalRequest, parseRequest } from "../lib/pipeline/request/request.ts";

const FOLDER = new URL("../examples/", import.meta.url);
const CLASSES = ["snail", "tiger", "zebra", "castle", "fountain", "strawberry"];

/** MathWorks' example "Visualize Features of a Convolutional Neural Network", job by job. */
const JOBS = [
  { layer: "conv1-7x7_s2", channels: "1:36", numIterations: 10, pyramidLevels: 1, verbose: true },
  {
    layer: "conv2-3x3_reduce",
    channels: "1:36",
    numIterations: 10,
    pyramidLevels: 1,
    verbose: false,
  },
  {
    layer: "inception_4e-1x1",
    channels: "1:6",
    numIterations: 20,
    pyramidLevels: 2,
    verbose: false,
  },
  { layer: "loss3-classifier", numIterations: 100, pyramidLevels: 2, verbose: false },
] as const;
const THUMBNAILS = [
  [64, 64],
  [64, 64],
  [250, 250],
  [250, 250],
] as const;

test.each(["emojinet", "googlenet"])(
  "the four requests of %s are the example's",
  async (network) => {
    const names = (await readdir(FOLDER)).filter((name) => name.startsWith(network)).toSorted();
    expect(names).toHaveLength(JOBS.length);
    for (const [i, name] of names.entries()) {
      const request = parseRequest(JSON.parse(await readFile(new URL(name, FOLDER), "utf8")));
      expect(name.startsWith(`${network}-${i + 1}-`)).toBe(true);
      expect(request).toMatchObject({ ...JOBS[i], network });
      expect(request.montage.thumbnailSize).toEqual(THUMBNAILS[i]);
    }
  },
);

test.each<[string, readonly (string | number)[]]>([
  ["emojinet", CLASSES],
  ["googlenet", [114, 293, 341, 484, 563, 950]],
])("the fourth request of %s draws the six classes", async (network, channels) => {
  const json = await readFile(new URL(`${network}-4-classes.json`, FOLDER), "utf8");
  expect(parseRequest(JSON.parse(json)).channels).toEqual(channels);
});

test("emojinet knows the classes its example names", async () => {
  const path = new URL("../models/emojinet/labels.txt", import.meta.url);
  const labels = parseLabels(await readFile(path, "utf8"));
  expect(CLASSES.map((name) => labels[classChannel(labels, name) - 1])).toEqual(CLASSES);
});

test("the requests of the Fourier method name each preset, or emojinet's own recipe", async () => {
  const folder = new URL("fourier/", FOLDER);
  const requests = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const request = parseLocalRequest(JSON.parse(await readFile(new URL(name, folder), "utf8")));
      if (request.method !== "fourier") throw new Error(`${name}: ${request.method}`);
      expect(name.startsWith(`${request.network}-`)).toBe(true);
      return { name, request };
    }),
  );
  expect(new Set(requests.map(({ request }) => request.preset))).toEqual(new Set(PRESETS));
  const classes = requests.find(({ name }) => name === "emojinet-classes.json");
  expect(classes?.request).toMatchObject({ channels: CLASSES, canvasSize: 160, contrast: 1 });
});
