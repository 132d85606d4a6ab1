import { expect, test } from "vitest";

import type { TargetFile } from "../../../lib/pipeline/request/resolved-request.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { shortestRequest } from "../../../lib/pipeline/request/shortest-request.ts";
import { analysedTinyNetwork } from "../../support/tiny-network.ts";
import { problemsOf } from "./problems-of.ts";

const network = await analysedTinyNetwork();

const KEYS = ["uploads/snail.png", "uploads/tiger.png"];
const ATLAS = "uploads/atlas.npy";
const CLASS_ATLAS = "uploads/classes.npy";
const files = [
  ...KEYS.map((key): TargetFile => ({ key, sha256: key, shape: null })),
  { key: ATLAS, sha256: ATLAS, shape: [7, 2, 3] },
  { key: CLASS_ATLAS, sha256: CLASS_ATLAS, shape: [5, 2, 3] },
];
const like = (key: string) => ({ activationOf: key, at: "each" });

/** A crop of 4 rows and 6 columns is a map of as many, as the layer's kernels are 1x1. */
const CROP = { method: "fourier", cropSize: [4, 6], canvasSize: [8, 12], cropMargin: 1 };

async function resolve(targets: readonly object[], more: object = CROP) {
  const given = { network: "tiny", layer: "wide", targets, ...more };
  return resolveRequest(parseRequest(given), network, null, files);
}

const places = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => [column + 1, row + 1]),
  ).flat();

test("'each' is a target for each place of the map, row by row, on a sheet that is laid as it is", async () => {
  const { request, channels, labels } = await resolve([like(KEYS[0]!)]);
  const wanted = places(4, 6).map((at) => ({ activationOf: KEYS[0], cosinePower: 1, at }));
  expect(request.targets).toEqual(wanted);
  expect(channels).toHaveLength(24);
  expect(labels.slice(5, 8)).toEqual([
    "like snail at 6,1",
    "like snail at 1,2",
    "like snail at 2,2",
  ]);
  // the tiles touch, as the places do; what each is stays known
  expect(request.montage).toMatchObject({ gridSize: [null, 6], labels: [] });
  // what it has become is a request for the same
  const again = parseRequest({ ...request, network: "tiny", layer: "wide" });
  expect((await resolveRequest(again, network, null, files)).request).toEqual(request);
});

test("the shortest form of a request has 'each' as it was given, and is the same request", async () => {
  const resolved = await resolve([like(KEYS[0]!), { channel: 3 }]);
  const shortest = shortestRequest(resolved);
  expect(shortest["targets"]).toEqual([{ ...like(KEYS[0]!), cosinePower: 1 }, { channel: 3 }]);
  const again = await resolveRequest(parseRequest(shortest), network, null, files);
  expect(again.request).toEqual(resolved.request);
  // the sheet's layout follows from the places
  expect(shortestRequest(await resolve([like(KEYS[0]!)]))).not.toHaveProperty("montage");
  // one of a single place has nothing to be folded
  expect(await resolve([{ channel: 3, at: [1, 1] }])).not.toHaveProperty("eachForm");
});

test("the places of several images stand one below the other, those beside other targets as these do", async () => {
  const two = await resolve(KEYS.map(like));
  expect(two.request.montage.gridSize).toEqual([null, 6]);
  expect(two.labels[24]).toBe("like tiger at 1,1");
  const mixed = await resolve([{ layer: true }, { channel: 3, at: "each" }]);
  expect(mixed.request.targets?.slice(0, 2)).toEqual([{ layer: true }, { channel: 3, at: [1, 1] }]);
  expect(mixed.channels).toHaveLength(25);
  expect(mixed.request.montage).toMatchObject({ gridSize: null, labels: null });
});

test("of a file of directions 'each' is a target for each place of the file, laid as that is", async () => {
  const along = { direction: ATLAS, at: "each" };
  const { request, labels } = await resolve([along]);
  expect(request.targets).toEqual(
    places(2, 3).map((at) => ({ direction: ATLAS, cosinePower: 1, at })),
  );
  expect(request.montage).toMatchObject({ gridSize: [null, 3], labels: [] });
  expect(labels[3]).toBe("along atlas at 1,2");
  // a layer without a map points along the vectors too
  const ofClasses = { layer: "classes", method: "deepdream" };
  const classes = await resolve([{ ...along, direction: CLASS_ATLAS }], ofClasses);
  expect(classes.request.targets?.at(-1)).toMatchObject({ at: [3, 2] });
  // rows of three beside rows of six
  const mixed = await resolve([along, like(KEYS[0]!)]);
  expect(mixed.channels).toHaveLength(6 + 24);
  expect(mixed.request.montage.gridSize).toBeNull();
});

test("another grid may be asked for, in which labels say what lies where", async () => {
  const more = { ...CROP, montage: { gridSize: [2, null] } };
  const { montage } = (await resolve([like(KEYS[0]!)], more)).request;
  expect(montage).toMatchObject({ gridSize: [2, null], labels: null });
  expect(
    await problemsOf(() => resolve([like(KEYS[0]!)], { ...CROP, montage: { gridSize: [4, 5] } })),
  ).toEqual([expect.stringContaining("[4, 5] has 20 places for 24 tiles")]);
});

test("labels may be asked for", async () => {
  const more = { ...CROP, montage: { labels: "numbers" } };
  const { request, labels } = await resolve([like(KEYS[0]!)], more);
  expect(request.montage.labels).toBe("numbers");
  expect(labels[0]).toBe("like snail at 1,1");
});

test("images that differ are counted at each place, and stand side by side in its row", async () => {
  const differing = { channel: 2, at: "each", diversity: 2 };
  const { labels, request } = await resolve([differing]);
  expect(request.targets).toHaveLength(24);
  expect(labels.slice(0, 3)).toEqual(["#2 at 1,1 1/2", "#2 at 1,1 2/2", "#2 at 2,1 1/2"]);
  expect(request.montage.gridSize).toEqual([null, 12]);
  const uneven = await resolve([differing, { channel: 3, at: "each" }]);
  expect(uneven.request.montage.gridSize).toBeNull();
});

test("deepdream has the map of its first level", async () => {
  const more = { method: "deepdream", pyramidLevels: 2 };
  const { request } = await resolve([{ channel: 2, at: "each" }], more);
  expect(request.targets).toEqual(places(16, 20).map((at) => ({ channel: 2, at })));
});

test("what is wrong is told of the targets as they were given", async () => {
  const each = { channel: 2, at: "each" };
  expect(await problemsOf(() => resolve([each, { channel: 2, at: [7, 1] }]))).toEqual([
    "targets[1].at: given [7, 1]; wanted a column from 1 to 6 and a row from 1 to 4 of layer 'wide'",
  ]);
  const twice = await problemsOf(() => resolve([each, { channel: 2, at: [6, 4] }, each]));
  expect(twice).toEqual([
    expect.stringMatching(/^targets\[1\]: the same as targets\[0\], /),
    expect.stringMatching(/^targets\[2\]: the same as targets\[0\], /),
  ]);
  const classes = await problemsOf(() => resolve([each], { layer: "classes" }));
  expect(classes).toEqual([
    expect.stringMatching(/^targets\[0\].at: layer 'classes' has no map of rows and columns/),
  ]);
});

test("more places than a request may have images are refused, and so is their work", async () => {
  const large = { ...CROP, cropSize: [101, 100], canvasSize: [202, 200], numIterations: 1 };
  expect(await problemsOf(() => resolve([{ channel: 2, at: "each" }], large))).toEqual([
    'targets: given 10100 images, with "each" of 100x101 places; wanted at most 10000 in one request; choose a later layer, or with fourier a smaller cropSize',
  ]);
  const differing = { ...CROP, cropSize: [50, 60], canvasSize: [100, 120], numIterations: 1 };
  expect(
    await problemsOf(() => resolve([{ channel: 2, at: "each", diversity: 4 }], differing)),
  ).toEqual([expect.stringMatching(/^targets: given 12000 images, with "each" of 60x50 places;/)]);
  const long = { ...CROP, cropSize: [50, 60], canvasSize: [100, 120], numIterations: 2_000 };
  const few = places(1, 6).map((at) => ({ channel: 2, at }));
  expect((await resolve(few, long)).channels).toHaveLength(6);
  expect(await problemsOf(() => resolve([{ channel: 2, at: "each" }], long))).toEqual([
    expect.stringMatching(/^request: 3000 channels x 2000 iterations x /),
  ]);
});
