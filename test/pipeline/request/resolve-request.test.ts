import { setImmediate as nextTurn } from "node:timers/promises";

import { expect, test } from "vitest";

import type { Network } from "../../../lib/networks/registry.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { type RenderRequestInput, parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import type {
  InitialImage,
  ResolvedRequest,
} from "../../../lib/pipeline/request/resolved-request.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { TINY_REQUEST } from "../../support/memory-pipeline.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { countDuring } from "../../support/until.ts";
import { problemsOf as problemsIn } from "./problems-of.ts";

type Pair = [number, number];

async function resolve(
  network: Network,
  fields: Partial<RenderRequestInput>,
  image: InitialImage | null = null,
): Promise<ResolvedRequest> {
  const request = parseRequest({ ...TINY_REQUEST, ...fields });
  return resolveRequest(request, await analyseNetwork(network), image);
}

const problemsOf = (network: Network, fields: Partial<RenderRequestInput>) =>
  problemsIn(() => resolve(network, fields));

test("names become indices: a layer by name and by number, ranges and lists, are the same", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  const byName = await resolve(network, { layer: "wide", channels: "2:4" });
  const byIndex = await resolve(network, { layer: 2, channels: [2, 3, 4] });
  expect(byName).toEqual(byIndex);
  expect(byName.request).toMatchObject({ layer: 2, channels: [2, 3, 4] });
  expect(byName.layer).toEqual({
    index: 2,
    name: "wide",
    channels: 7,
    preActivation: false,
  });
  expect(byName.labels).toEqual([null, null, null]);
  expect(byName.tileSize).toEqual({ width: 20, height: 16 });
});

test("class names resolve on the layers that feed the classifier, and label the sheet", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  for (const layer of ["classes", "prob"]) {
    const resolved = await resolve(network, { layer, channels: ["zebra", "snail", 2] });
    expect(resolved.channels).toEqual([3, 1, 2]);
    expect(resolved.labels).toEqual(["zebra", "snail", "tiger"]);
  }
  expect(await problemsOf(network, { channels: ["zebra"] })).toEqual([
    expect.stringContaining("layer 'wide' does not feed the classifier"),
  ]);
  const { description } = network;
  const lost = { ...network, labels: null, description: { ...description, labels: "names.txt" } };
  expect(await problemsOf(lost, { layer: "classes", channels: ["zebra"] })).toEqual([
    "channels[0]: given 'zebra'; the class names of 'tiny' are not known: its file names.txt is not there; wanted channels 1 to 5, or a range, 1:5",
  ]);
});

test("labels of the request take the place of class names; an empty list is none", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  const request = { layer: "classes", channels: [4, 5] };
  const own = await resolve(network, { ...request, montage: { labels: ["a", "b"] } });
  expect(own.labels).toEqual(["a", "b"]);
  const none = await resolve(network, { ...request, montage: { labels: [] } });
  expect(none.labels).toEqual([null, null]);
  const numbered = await resolve(network, { ...request, montage: { labels: "numbers" } });
  expect(numbered.labels).toEqual([null, null]);
});

test("a layer whose channel count only happens to be that of the classes has no class names", async () => {
  const network = await tinyNetwork(await temporaryFolder(), { wideChannels: 5 });
  expect((await resolve(network, { channels: [1] })).labels).toEqual([null]);
});

test("the tile is as large as the last level, of the initial image where there is one", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  const pyramid = { pyramidLevels: 2, pyramidScale: 1.5 };
  expect((await resolve(network, pyramid)).tileSize).toEqual({ width: 30, height: 24 });
  const image = { key: "uploads/a.png", sha256: "0".repeat(64), width: 40, height: 50 };
  expect((await resolve(network, pyramid, image)).tileSize).toEqual({ width: 60, height: 75 });
});

test.each([
  ["a layer that is not there", { layer: "wyde" }, [/^layer: .*wyde.*wide/]],
  ["a layer number too high", { layer: 99 }, [/^layer: .*99/]],
  ["the image itself", { layer: 1 }, [/^layer: layer 1 is the image itself/]],
  [
    "a channel out of range",
    { channels: [3, 8] },
    [/channels\[1\]: given 8; wanted channels 1 to 7/],
  ],
  [
    "channels and labels at once",
    { channels: [9, 2], montage: { labels: ["a", "b", "c"] } },
    [/^channels\[0\]/, /^montage.labels: given 3 labels; wanted 1/],
  ],
  [
    "a grid too small",
    { montage: { gridSize: [2, 2] as Pair } },
    [/^montage: gridSize \[2, 2\] has 4 places for 5 tiles/],
  ],
  [
    "a sheet too large",
    { montage: { thumbnailSize: [1024, 1024] as Pair, gridSize: [100, 10] as Pair } },
    [
      /^montage.thumbnailSize: the sheet would have 10240x1024\d\d pixels; wanted at most 1000000000/,
    ],
  ],
  [
    "a level too large",
    { pyramidLevels: 10, pyramidScale: 4 },
    [
      /^pyramidLevels: 10 levels of scale 4 from 20x16 end at 5242880x4194304 pixels; wanted at most 4096/,
    ],
  ],
])("%s is refused with what is wanted", async (_, fields, wanted) => {
  const network = await tinyNetwork(await temporaryFolder());
  const problems = await problemsOf(network, fields);
  expect(problems).toHaveLength(wanted.length);
  for (const [i, pattern] of wanted.entries()) expect(problems[i]).toMatch(pattern);
});

test("total work is limited: channels x iterations x pixels", async () => {
  const network = await tinyNetwork(await temporaryFolder(), { wideChannels: 4000 });
  const costly = {
    channels: "all" as const,
    numIterations: 2000,
    pyramidLevels: 9,
    pyramidScale: 1.4,
  };
  const problems = await problemsOf(network, costly);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(
    /^request: 4000 channels x 2000 iterations x the pixels of 9 levels are 1\.1e\+12 pixel iterations; wanted at most 1e\+11/,
  );
  expect(await problemsOf(network, { ...costly, numIterations: 10 })).toEqual([]);
});

test("channelAxis takes the channels from another axis; the one decided is as good as none", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  // [1, 7, 16, 20]
  const rows = await resolve(network, { layer: "wide", channelAxis: 2, channels: "all" });
  expect(rows.layer).toMatchObject({ index: 2, channels: 16 });
  expect(rows.channels).toHaveLength(16);
  expect(rows.request).toMatchObject({ layer: 2, channelAxis: 2 });
  const columns = await resolve(network, { layer: 2, channelAxis: 3, channels: [20] });
  expect(columns.layer.channels).toBe(20);
  const decided = await resolve(network, { layer: 2, channelAxis: 1, channels: [7] });
  expect(decided).toEqual(await resolve(network, { layer: 2, channels: [7] }));
  expect(decided.request).not.toHaveProperty("channelAxis");
  // labels of classes are those of the axis that has them
  const classes = await resolve(network, { layer: "classes", channelAxis: 1, channels: [2] });
  expect(classes.labels).toEqual(["tiger"]);
  expect(await problemsOf(network, { layer: 2, channelAxis: 2, channels: [17] })).toEqual([
    "channels[0]: given 17; wanted channels 1 to 16 of layer 'wide'",
  ]);
  expect(await problemsOf(network, { layer: 2, channelAxis: 4, channels: [1] })).toEqual([
    "channelAxis: given 4; wanted one of 1 to 3, layer 'wide' being [1, 7, 16, 20]",
  ]);
  expect(() => parseRequest({ ...TINY_REQUEST, channelAxis: 0 })).toThrow(
    "channelAxis: given 0; wanted at least 1",
  );
});

test("the event loop turns between the sizes that a network is to see", async () => {
  const network = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const turnsOf = async (levels: Partial<RenderRequestInput>) => {
    const request = parseRequest({ ...TINY_REQUEST, ...levels });
    const resolving = resolveRequest(request, network, null);
    return countDuring(resolving, () => nextTurn());
  };
  const one = await turnsOf({ pyramidLevels: 1 });
  expect(await turnsOf({ pyramidLevels: 4, pyramidScale: 1.5 })).toBe(one + 3);
});
