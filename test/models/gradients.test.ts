import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, test } from "vitest";

import { referenceModel } from "../support/reference-models.ts";
import { GradientComparer, LAYERS } from "./reference-gradients.ts";

/**
 * float32 against float32: where two values of a pool or the sign before a ReLU are as good as
 * equal, rounding decides, here and in PyTorch (against float64 PyTorch itself is up to 6e-3 off).
 */
const MEDIAN_ERROR = 1e-5;
const LARGEST_ERROR = 1e-2;
/** Of the activation, a sum of thousands of products, relative to 1 or to itself. */
const ACTIVATION_ERROR = 1e-4;

const emojinet = fileURLToPath(new URL("../../models/emojinet/emojinet.onnx", import.meta.url));
const googlenet = referenceModel("googlenet");
if (googlenet === null) {
  process.stderr.write(
    "GoogLeNet's gradients are not checked: googlenet/googlenet.onnx is not in DREAMGRID_MODELS or ../shared/models\n",
  );
}

describe.each([
  { name: "emojinet", path: emojinet, size: { height: 112, width: 96 } },
  { name: "googlenet", path: googlenet, size: { height: 224, width: 224 } },
])("gradients of $name equal PyTorch's", ({ name, path, size }) => {
  let comparer: GradientComparer;
  beforeAll(async () => {
    comparer = await GradientComparer.open(name, size);
  });

  test.skipIf(path === null).each(LAYERS)("%s", async (layer) => {
    const comparisons = await comparer.compare(path!, layer);
    const errors = comparisons.map(({ error }) => error);
    const noise = errors.slice(0, -1).toSorted((a, b) => a - b);
    expect(noise).toHaveLength(8);
    expect(noise[4], `errors ${errors.join(" ")}`).toBeLessThan(MEDIAN_ERROR);
    expect(noise.at(-1)).toBeLessThan(LARGEST_ERROR);
    expect(errors.at(-1), "the posterised image, full of ties").toBeLessThan(LARGEST_ERROR);
    for (const { activation, wantedActivation, errorOfNorm } of comparisons) {
      const tolerance = ACTIVATION_ERROR * Math.max(1, Math.abs(wantedActivation));
      expect(Math.abs(activation - wantedActivation)).toBeLessThan(tolerance);
      expect(errorOfNorm).toBeLessThan(LARGEST_ERROR);
    }
  });
});

test("the comparison sees one wrong row of pixels, and one part in ten thousand everywhere", async () => {
  const size = { height: 112, width: 96 };
  const comparer = await GradientComparer.open("emojinet", size);
  const withoutRow = await comparer.compare(emojinet, "conv1-7x7_s2", (gradient) =>
    gradient.map((value, i) => (Math.floor(i / size.width) === 50 ? 0 : value)),
  );
  for (const { error } of withoutRow) expect(error).toBeGreaterThan(100 * MEDIAN_ERROR);
  const scaled = await comparer.compare(emojinet, "conv1-7x7_s2", (gradient) =>
    gradient.map((value) => value * 1.0001),
  );
  for (const { error } of scaled) expect(error).toBeGreaterThan(5 * MEDIAN_ERROR);
});
