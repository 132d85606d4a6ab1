import { afterAll, expect, test } from "vitest";

import type { Planes } from "../../../lib/image/raster.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import {
  type AffineChange,
  affineChanges,
  UNCHANGED,
} from "../../../lib/optvis/quality/affine-changes.ts";
import { channelMeans } from "../../../lib/optvis/quality/examine.ts";
import { node } from "../../support/onnx-writer.ts";
import { networkOf } from "../ascent/engine-task.ts";

const engine = new AscentEngine({ threads: 1 });
afterAll(() => engine.close());

const [WIDTH, HEIGHT] = [9, 7];

/** A plane that rises by a red, green and blue slope to the right, by 10 a row. */
function slopes(): Planes {
  const data = Float32Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const plane = Math.floor(i / (WIDTH * HEIGHT));
    const pixel = i % (WIDTH * HEIGHT);
    return (plane + 1) * (pixel % WIDTH) + 10 * Math.floor(pixel / WIDTH);
  });
  return { width: WIDTH, height: HEIGHT, data };
}

const at = ({ data }: Planes, plane: number, x: number, y: number) =>
  data[(plane * HEIGHT + y) * WIDTH + x]!;

const COUNT = 3 * WIDTH * HEIGHT;
const EYE = Float32Array.from({ length: COUNT ** 2 }, (_, i) => +(i % (COUNT + 1) === 0));
/** Each of its channels is one value of the picture. */
const VALUES = networkOf(
  [node("Conv", "image eye", "y")],
  { eye: floatTensor([COUNT, 3, HEIGHT, WIDTH], EYE) },
  { width: WIDTH, height: HEIGHT },
);

/** The slopes as a network sees them, changed; its mean is another in each plane. */
async function changed(change: AffineChange): Promise<Planes> {
  const mean = [124, 117, 104];
  const { network, target } = VALUES;
  const viewer = { network: { ...network, mean }, layer: target("y"), provider: "cpu" } as const;
  const [, copy] = await channelMeans(engine, viewer, slopes(), [change]);
  const data = copy!.map((value, i) => value + mean[Math.floor(i / (WIDTH * HEIGHT))]!);
  return { width: WIDTH, height: HEIGHT, data };
}

test("no change is the same picture", async () => {
  const { data } = await changed(UNCHANGED);
  const errors = data.map((value, i) => Math.abs(value - slopes().data[i]!));
  expect(Math.max(...errors)).toBeLessThan(1e-4);
});

test("a shift moves the picture right and down, between pixels too, and shows mid-grey", async () => {
  const moved = await changed({ ...UNCHANGED, shift: [2, 0.5] });
  expect(at(moved, 1, 5, 3)).toBeCloseTo(2 * 3 + 10 * 2.5, 4);
  expect(at(moved, 1, 1, 3)).toBeCloseTo(127.5, 4);
  // the first row lies half outside
  expect(at(moved, 2, 4, 0)).toBeCloseTo((127.5 + 3 * 2) / 2, 4);
});

test("a zoom grows the picture about its centre", async () => {
  const grown = await changed({ ...UNCHANGED, zoom: 2 });
  expect(at(grown, 0, 4, 3)).toBeCloseTo(4 + 30, 4);
  expect(at(grown, 2, 8, 1)).toBeCloseTo(3 * (4 + 4 / 2) + 10 * (3 - 2 / 2), 4);
});

test("a quarter turn brings what was above to the right", async () => {
  const turned = await changed({ ...UNCHANGED, angle: Math.PI / 2 });
  expect(at(turned, 0, 4 + 2, 3)).toBeCloseTo(4 + 10 * (3 - 2), 3);
  expect(at(turned, 0, 4, 3 + 2)).toBeCloseTo(4 + 2 + 30, 3);
});

test("the changes are eight, the same for each picture, within their bounds", () => {
  const size = { width: 224, height: 112 };
  const changes = affineChanges(size);
  expect(affineChanges(size)).toEqual(changes);
  expect(changes).toHaveLength(8);
  const extent = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  const angles = changes.map(({ angle }) => (angle * 180) / Math.PI);
  expect(Math.max(...angles.map(Math.abs))).toBeLessThanOrEqual(10);
  expect(extent(angles)).toBeGreaterThan(8);
  const zooms = changes.map(({ zoom }) => zoom);
  expect(Math.min(...zooms)).toBeGreaterThanOrEqual(0.8);
  expect(Math.max(...zooms)).toBeLessThanOrEqual(1.2);
  expect(extent(zooms)).toBeGreaterThan(0.15);
  for (const { shift } of changes) {
    expect(Math.abs(shift[0])).toBeLessThanOrEqual(16);
    expect(Math.abs(shift[1])).toBeLessThanOrEqual(8);
  }
});
