import { expect, onTestFinished, test } from "vitest";

import { ImageError } from "../../../lib/image/errors.ts";
import { decodeImage } from "../../../lib/image/png.ts";
import type { LayerWithChannels } from "../../../lib/networks/layers.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import {
  DatasetLooks,
  type VersionedPhotograph,
} from "../../../lib/pipeline/dataset/dataset-looks.ts";
import { Interpreter64 } from "../../support/float64/interpreter.ts";
import { uniform } from "../../support/random.ts";
import { analysedTinyNetwork } from "../../support/tiny-network.ts";
import { untilTrue } from "../../support/until.ts";

const SIZE = { height: 16, width: 20 };
const PIXELS = SIZE.height * SIZE.width;

const network = await analysedTinyNetwork();
const layerCalled = (name: string) =>
  network.layers.find((layer) => layer.name === name) as LayerWithChannels;
const [wide, classes] = [layerCalled("wide"), layerCalled("classes")];

/** Dark photographs of noise, as large as the network sees, each with one lit pixel. */
const IMAGES = Array.from({ length: 14 }, (_, seed) => {
  const data = Uint8Array.from(uniform([3 * PIXELS], seed, [100, 140]).data);
  const lit = (37 * seed + 11) % PIXELS;
  const colour = uniform([3], 50 + seed, [0, 255]).data;
  colour.forEach((value, plane) => (data[3 * lit + plane] = value));
  return { ...SIZE, data };
});
const photographs: readonly VersionedPhotograph[] = IMAGES.map((image, i) => ({
  name: `${i}.png`,
  version: `${i}`,
  read: () => {
    if (i === 5) return Promise.reject(new ImageError("the PNG image is damaged"));
    return Promise.resolve(image);
  },
}));

/** In double precision: the largest value of each channel of a layer in each photograph. */
function strengths({ value, channels }: LayerWithChannels) {
  const interpreter = new Interpreter64(specialise(network.model.model, [1, 3, 16, 20]));
  const { mean } = network.model;
  return IMAGES.map(({ data }) => {
    const seen = Float64Array.from({ length: 3 * PIXELS }, (_, i) => {
      const [plane, pixel] = [Math.floor(i / PIXELS), i % PIXELS];
      return data[3 * pixel + plane]! - mean[plane]!;
    });
    const { data: map } = interpreter.run(seen, new Set([value])).get(value)!;
    const places = map.length / channels;
    return Array.from({ length: channels }, (_, c) => {
      const own = map.subarray(c * places, (c + 1) * places);
      const most = Math.max(...own);
      return { most, place: own.indexOf(most) };
    });
  });
}

test("a network finds the photographs that excite each channel most, and where", async () => {
  const told: string[] = [];
  const looks = new DatasetLooks({
    photographs,
    threads: 2,
    onLeftOut: ({ name, error }) => told.push(`${name}: ${String(error)}`),
  });
  onTestFinished(() => looks.close());
  const first = looks.ofChannel(network, wide, 1);
  expect(first).toMatchObject({ state: "looking", looked: 0, photographs: 14, examples: [] });
  const other = { ...network, model: { ...network.model, fingerprint: "of another" } };
  const next = looks.ofChannel(other, wide, 1);
  expect(next).toMatchObject({ state: "waiting", looked: 0, secondsLeft: null, examples: [] });
  await untilTrue(
    () => looks.ofChannel(network, wide, 1).state === "done",
    () => "it never ended",
  );
  expect(told).toEqual(["5.png: ImageError: the PNG image is damaged"]);

  for (const layer of [wide, classes]) {
    const wanted = strengths(layer);
    for (let channel = 1; channel <= layer.channels; channel++) {
      const { examples, ...progress } = looks.ofChannel(network, layer, channel);
      expect(progress).toEqual({
        state: "done",
        looked: 14,
        photographs: 14,
        leftOut: 1,
        secondsLeft: null,
        problem: null,
      });
      const best = wanted
        .map((each, photograph) => ({ photograph, ...each[channel - 1]! }))
        .filter(({ photograph }) => photograph !== 5)
        .toSorted((a, b) => b.most - a.most)
        .slice(0, 9);
      expect(examples.map(({ photograph }) => photograph)).toEqual(
        best.map(({ photograph }) => photograph),
      );
      for (const [i, { name, activation, seen }] of examples.entries()) {
        const { photograph, most, place } = best[i]!;
        expect(name).toBe(`${photograph}.png`);
        expect(activation / most).toBeCloseTo(1, 5);
        const pixel = { x: (place % 20) / 20, y: Math.floor(place / 20) / 16 };
        const part = { ...pixel, width: 1 / 20, height: 1 / 16 };
        // classes have no places
        expect(seen).toEqual(layer === classes ? null : { place: part, field: part });
      }
    }
  }
});

test("photographs are shown small, and networks without colours see none", async () => {
  const large = { width: 1_600, height: 800, data: new Uint8Array(3 * 1_600 * 800).fill(90) };
  const looks = new DatasetLooks({
    photographs: [
      { name: "large", version: "", read: () => Promise.resolve(large) },
      photographs[1]!,
    ],
    onLeftOut: () => expect.unreachable(),
  });
  onTestFinished(() => looks.close());
  const sizes = [512, 256, 20, 16];
  for (const i of [0, 1]) {
    const { width, height } = await decodeImage((await looks.shown(i))!);
    expect([width, height]).toEqual(sizes.slice(2 * i, 2 * i + 2));
  }
  expect(await looks.shown(2)).toBe(null);
  const ofPlanes = { ...network, model: { ...network.model, planes: [null, null, null] } };
  expect(() => looks.ofChannel(ofPlanes, wide, 1)).toThrow(/3 planes that are no colours/);
});

test("what fails is told once, and begun again by the next question", async () => {
  const looks = new DatasetLooks({ photographs, threads: 1, onLeftOut: () => undefined });
  onTestFinished(() => looks.close());
  const layers = network.layers.map((layer) => ({ ...layer, value: `${layer.value} of old` }));
  const broken = { ...network, layers };
  await untilTrue(
    () => looks.ofChannel(broken, wide, 1).state === "failed",
    () => "it never failed",
  );
  expect(looks.ofChannel(broken, wide, 1)).toMatchObject({ state: "looking", problem: null });
});

test("a look that has ended is kept for the next start, of the same photographs alone", async () => {
  const files = new Map<string, Uint8Array>();
  const kept = {
    find: (id: string) => Promise.resolve(files.get(id) ?? null),
    keep: (id: string, look: Uint8Array) => Promise.resolve(void files.set(id, look)),
  };
  let reads = 0;
  const counted = photographs.map(({ read, ...each }) => ({
    ...each,
    read: () => {
      reads++;
      return read();
    },
  }));
  const lookAgain = async (of: readonly VersionedPhotograph[], by = network) => {
    const looks = new DatasetLooks({
      photographs: of,
      kept,
      threads: 1,
      onLeftOut: () => undefined,
    });
    const isDone = () => looks.ofLayer(by, wide).state === "done";
    await untilTrue(isDone, () => "it never ended");
    const found = [wide, classes].map((layer) => looks.ofLayer(by, layer));
    await looks.close();
    return found;
  };
  const first = await lookAgain(counted);
  expect(reads).toBe(14);
  expect(first[0]).toMatchObject({ looked: 14, leftOut: 1 });
  expect(await lookAgain(counted)).toEqual(first);
  expect(reads).toBe(14);
  // one that has changed, one more, and what is no whole look
  await lookAgain(counted.with(3, { ...counted[3]!, version: "3 anew" }));
  expect(reads).toBe(28);
  await lookAgain([...counted, { ...counted[0]!, version: "more" }]);
  expect(reads).toBe(43);
  files.set("tiny", files.get("tiny")!.slice(0, -4));
  await lookAgain([...counted, { ...counted[0]!, version: "more" }]);
  expect(reads).toBe(58);
  // the same weights, which are now said to see half of each colour
  const dim = { ...network, model: { ...network.model, scale: [0.5, 0.5, 0.5] } };
  await lookAgain([...counted, { ...counted[0]!, version: "more" }], dim);
  expect(reads).toBe(73);
});
