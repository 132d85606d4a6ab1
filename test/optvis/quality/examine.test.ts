import { afterAll, describe, expect, test } from "vitest";

import { filledRaster, type Raster } from "../../../lib/image/raster.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import { floatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { channelMeans, examine, type Subject } from "../../../lib/optvis/quality/examine.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { networkOf } from "../ascent/engine-task.ts";

const engine = new AscentEngine({ threads: 2 });
afterAll(() => engine.close());

const SIZE = { height: 28, width: 42 };

/** Channel 1 is red less blue, channel 2 blue less red, per pixel. */
const RED_AND_BLUE = networkOf(
  [
    {
      op: "Conv",
      name: "y",
      domain: "",
      inputs: ["image", "kernel"],
      outputs: ["y"],
      attributes: {},
    },
  ],
  { kernel: floatTensor([2, 3, 1, 1], [1, 0, -1, -1, 0, 1]) },
  SIZE,
);

/** Channel 1: how much red changes from column to column, less blue; channel 2: the opposite. */
const OF_STRIPES = (() => {
  const change = floatTensor([1, 3, 1, 2], [1, -1, 0, 0, 0, 0]);
  const blue = floatTensor([1, 3, 1, 2], [0, 0, 0, 0, -1, 0]);
  const { network, target } = networkOf(
    [
      node("Conv", "image change", "changed"),
      node("Abs", "changed", "size"),
      node("Conv", "image blue", "less"),
      node("Add", "size less", "first"),
      node("Neg", "first", "second"),
      node("Concat", "first second", "y", { axis: 1 }),
    ],
    { change, blue },
    SIZE,
  );
  return { network: { ...network, fingerprint: "stripes" }, layer: target("y") };
})();

function subject(channel: number, more: Partial<Subject> = {}): Subject {
  const { network, target } = RED_AND_BLUE;
  return {
    network,
    layer: target("y"),
    provider: "cpu",
    channel,
    kind: "features",
    size: SIZE,
    ...more,
  };
}

async function activationOf(
  fingerprint: string,
  nodes: readonly Node[],
  weights: Readonly<Record<string, Tensor>>,
): Promise<number | undefined> {
  const { network, target } = networkOf(nodes, weights, SIZE);
  const of = { network: { ...network, fingerprint }, layer: target("y") };
  const { source } = await examine(engine, RED, subject(1, of));
  return source?.activation;
}

const RED = filledRaster(SIZE, [255, 40, 0]);

describe("examine", () => {
  test("a red picture is red's, whatever the change, and not blue's", async () => {
    const red = await examine(engine, RED, subject(1));
    expect(red.source).toEqual({ activation: 255, probability: null, rank: 1, robustness: 1 });
    expect(red.selective).toBe(true);
    const blue = await examine(engine, RED, subject(2));
    expect(blue.source).toEqual({ activation: -255, probability: null, rank: 2, robustness: 0 });
    // one colour alone shows nothing, whoever likes it
    expect(red.marks).toEqual(["blank"]);
    expect(blue.marks).toEqual(["blank", "fragile"]);
  });

  test("a picture of another size is resized to the one given", async () => {
    const large = filledRaster({ width: 129, height: 70 }, [10, 0, 50]);
    const { source } = await examine(
      engine,
      large,
      subject(2, { size: { height: 20, width: 31 } }),
    );
    expect(source).toMatchObject({ activation: 40, rank: 1 });
  });

  test("a long picture is seen in windows from end to end, not squeezed", async () => {
    // stripes of one pixel, which a view squeezed to a third across would average away
    const long = filledRaster({ width: 3 * 42, height: 28 }, [0, 0, 0]);
    for (let i = 0; i < 3 * 42 * 28; i++) if (i % 2 === 0) long.data[3 * i] = 200;
    // and in its last third blue besides
    for (let y = 0; y < 28; y++) {
      for (let x = 84; x < 126; x++) long.data[3 * (y * 126 + x) + 2] = 60;
    }
    const { source } = await examine(engine, long, subject(1, OF_STRIPES));
    // |red - red to the right| less blue
    expect(source?.activation).toBeCloseTo(200 - 60 / 3, 0);
    const upright = filledRaster({ width: 42, height: 90 }, [9, 0, 0]);
    const { source: plain } = await examine(engine, upright, subject(1, OF_STRIPES));
    expect(plain?.activation).toBeCloseTo(0, 5);
  });

  test("the network's order of planes, mean and scale are its own", async () => {
    const network = {
      ...RED_AND_BLUE.network,
      fingerprint: "BGR",
      planes: [2, 1, 0] as const,
      mean: [4, 2, 1] as const,
      scale: [0.5, 1, 2] as const,
    };
    // channel 1: (blue - 4) / 2 - 2 (red - 1)
    const { source } = await examine(engine, RED, subject(1, { network }));
    expect(source?.activation).toBeCloseTo((0 - 4) / 2 - 2 * (255 - 1), 3);
  });

  test("a dilated window of auto_pad SAME is padded as it asks", async () => {
    const attributes = { auto_pad: "SAME_UPPER", dilations: [2, 2] };
    const kernel = floatTensor([1, 3, 1, 2], [1, 0, 0, 0, 0, 0]);
    const nodes = [node("Conv", "image kernel", "y", attributes)];
    // the red to the left, of which the first of 42 columns has none
    expect(await activationOf("dilated", nodes, { kernel })).toBeCloseTo((255 * 41) / 42, 3);
  });

  test("a Pad of zeros wider than the window of the MaxPool behind it stays zeros", async () => {
    const kernel = floatTensor([1, 3, 1, 1], [-1, 0, 0]);
    const pads = intsTensor([0, 0, 0, 3, 0, 0, 0, 0]);
    const nodes = [
      node("Conv", "image kernel", "red"),
      node("Pad", "red pads", "padded"),
      node("MaxPool", "padded", "y", { kernel_shape: [1, 1] }),
    ];
    const given = activationOf("padded", nodes, { kernel, pads });
    expect(await given).toBeCloseTo((-255 * 42) / 45, 3);
  });

  test("a Resize of channels and columns is computed, as ONNX Runtime does not", async () => {
    const nodes = [node("Resize", "image _ _ sizes", "y", { mode: "linear", axes: [1, 3] })];
    const given = activationOf("resized", nodes, { sizes: intsTensor([6, 21]) });
    // half a channel before red there is red
    expect(await given).toBeCloseTo(255, 3);
  });

  test("of classes, robustness is their mean probability", async () => {
    const faint: Raster = filledRaster(SIZE, [128, 128, 127]);
    const { source } = await examine(engine, faint, subject(1, { kind: "logits" }));
    // logits 1 and -1
    expect(source?.probability).toBeCloseTo(1 / (1 + Math.exp(-2)), 5);
    // mid-grey is neutral, and the copies have at most a share of it
    expect(source?.robustness).toBeGreaterThan(0.5);
    expect(source?.robustness).toBeLessThan(1 / (1 + Math.exp(-2)));
  });

  test("figures do not depend on what else is examined at the same time", async () => {
    const alone = await examine(engine, RED, subject(1));
    const pictures = [RED, filledRaster(SIZE, [0, 255, 9]), RED, filledRaster(SIZE, [3, 2, 1])];
    const together = await Promise.all(pictures.map((each) => examine(engine, each, subject(1))));
    expect(together[0]).toEqual(alone);
    expect(together[2]).toEqual(alone);
    expect(together[1]).not.toEqual(alone);
  });

  test("a network whose layer overflows has no figures of its own", async () => {
    const network = {
      ...RED_AND_BLUE.network,
      fingerprint: "inf",
      scale: [Infinity, 1, 1] as const,
    };
    const card = await examine(engine, RED, subject(1, { network }));
    expect(card).toMatchObject({ source: null, selective: false, marks: ["blank", "fragile"] });
  });
});

test("channel means are over the whole map", async () => {
  const data = Float32Array.from({ length: 3 * 28 * 42 }, (_, i) => i % 7);
  const { network, target } = RED_AND_BLUE;
  const viewer = { network, layer: target("y"), provider: "cpu" } as const;
  const [means] = await channelMeans(engine, viewer, { ...SIZE, data });
  const pixels = 28 * 42;
  const mean = (plane: number) =>
    data.subarray(plane * pixels, (plane + 1) * pixels).reduce((a, b) => a + b) / pixels;
  expect(means?.[0]).toBeCloseTo(mean(0) - mean(2), 4);
  expect(means?.[1]).toBeCloseTo(mean(2) - mean(0), 4);
});

test.each([3, 4])("through a local response normalisation over %d channels", async (size) => {
  const [alpha, beta, bias] = [0.5, 0.75, 2];
  const float = (value: number) => ({ float: value });
  const attributes = { alpha: float(alpha), beta: float(beta), bias: float(bias), size };
  const lrn = { op: "LRN", name: "y", domain: "", inputs: ["x"], outputs: ["y"], attributes };
  const w = normal([5, 3, 1, 1], 8);
  const { target, ...made } = networkOf([node("Conv", "image w", "x"), lrn], { w }, SIZE);
  const network = { ...made.network, fingerprint: `LRN ${size}` };
  const data = Float32Array.from({ length: 3 * 28 * 42 }, (_, i) => ((i * 37) % 101) / 10);
  const viewer = { network, layer: target("y"), provider: "cpu" } as const;
  const [means] = await channelMeans(engine, viewer, { ...SIZE, data });
  const pixels = 28 * 42;
  const wanted = new Float64Array(5);
  for (let i = 0; i < pixels; i++) {
    const x = [0, 1, 2, 3, 4].map((c) =>
      [0, 1, 2].reduce((sum, p) => sum + w.data[3 * c + p]! * data[p * pixels + i]!, 0),
    );
    x.forEach((value, c) => {
      const first = c - Math.floor((size - 1) / 2);
      const near = x.slice(Math.max(0, first), first + size);
      const squares = near.reduce((sum, each) => sum + each ** 2, 0);
      wanted[c]! += value / (bias + (alpha / size) * squares) ** beta / pixels;
    });
  }
  wanted.forEach((mean, c) => expect(means?.[c]).toBeCloseTo(mean, 4));
});
