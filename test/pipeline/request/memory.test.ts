import { describe, expect, test } from "vitest";

import { acceptRequest } from "../../../lib/pipeline/job/accept-request.ts";
import { memoryNotice, requireMemory } from "../../../lib/pipeline/request/memory-problems.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { memoryPipeline } from "../../support/memory-pipeline.ts";
import { analysedTinyNetwork } from "../../support/tiny-network.ts";
import { problemsOf } from "./problems-of.ts";

const network = await analysedTinyNetwork();

const FOURIER = { network: "tiny", layer: "wide", channels: [1], method: "fourier" };
const resolve = (more: object) =>
  resolveRequest(parseRequest({ ...FOURIER, ...more }), network, null);

test("an image takes what the network sees of it, computes of that, and the image itself", async () => {
  const { bytes } = await resolve({ cropSize: [300, 200], canvasSize: [500, 400] });
  const [crop, canvas] = [300 * 200, 500 * 400];
  // half of seven channels there and back; 36 crops and 10 images of three planes; all float32
  const own = 4 * (7 * crop + 36 * 3 * crop + 10 * 3 * canvas);
  // 400 is 20 groups of 20, 500 is 20 of 25 with 13 of the 251 frequencies each; complex numbers
  const sums = 4 * 5.5 * (20 * 40 * 40 + 20 * 50 * 26);
  expect(bytes).toBe(200e6 + own + sums);
  const images = { targets: [{ channel: 1, diversity: 3 }], channels: undefined };
  const together = await resolve({ cropSize: [300, 200], canvasSize: [500, 400], ...images });
  expect(together.bytes).toBe(200e6 + 3 * own + sums);
  expect((await resolve({ method: "deepdream", pyramidLevels: 1 })).bytes).toBeNull();
  // 30 frames of three planes, and 1.7 times what their numbers take
  const moving = await resolve({ cropSize: [300, 200], canvasSize: [1024, 256], animation: "gif" });
  const still = await resolve({ cropSize: [300, 200], canvasSize: [1024, 256] });
  expect(moving.bytes! - still.bytes!).toBeCloseTo(1.7 * 30 * 3 * 4 * 512 * 128, 0);
  // 7 ellipses, of which 17 numbers a pixel of 90 x 112 are held
  const painted = await resolve({ cropSize: [300, 200], canvasSize: [400, 500], ellipses: 7 });
  expect(painted.bytes).toBe(200e6 + own + 4 * 17 * 7 * 90 * 112);
  // of a layer of a CPPN 260
  const byCppn = await resolve({ cropSize: [300, 200], canvasSize: [400, 500], cppnLayers: 2 });
  expect(byCppn.bytes).toBe(200e6 + own + 4 * 260 * 2 * 90 * 112);
  // of a large one iterations see little; of 4,096 px one took 1.10 GB with all of its process
  const large = await resolve({ cropSize: [30, 20], canvasSize: 4_096, cppnLayers: 8 });
  expect(large.bytes! / 1.1e9).toBeGreaterThan(0.7);
  expect(large.bytes! / 1.1e9).toBeLessThan(1.3);
});

// peak of a process that draws an image of emojinet's conv1, 64 px of it at a time
test.each([
  [2_048, 2_048, 0.5, 827e6],
  [3_508, 2_480, 0.5, 1_442e6],
  [4_093, 64, 0.5, 974e6],
  [64, 4_093, 0.5, 1_635e6],
  [2_039, 2_039, 0.05, 1_605e6],
])(
  "sides of large prime factors take matrices of their own length: %i x %i",
  async (height, width, fraction, measured) => {
    const cropFraction = { start: [fraction, 1], end: [fraction, 1] };
    const sizes = { cropSize: 64, canvasSize: [height, width], cropMargin: 0 };
    const { bytes } = await resolve({ ...sizes, cropFraction, numIterations: 1 });
    expect(bytes! / measured).toBeGreaterThan(0.7);
    expect(bytes! / measured).toBeLessThan(1.1);
  },
);

describe("a request whose images", () => {
  const sizes = { cropSize: [30, 40], canvasSize: [50, 60] };
  const drawn = async (more: object = {}) => {
    return { ...(await resolve({ ...sizes, ...more })), bytes: 16.04e9 };
  };
  const problemsWith = (memoryBytes: number, image: Parameters<typeof requireMemory>[0]) =>
    problemsOf(() => requireMemory(image, memoryBytes));

  test("surely take more memory than there is is refused, before any of it is sent", async () => {
    expect(await problemsWith(8.1e9, await drawn())).toEqual([]);
    expect(await problemsWith(8e9, await drawn())).toEqual([
      'request: an image with crops of 30 x 40 on a canvas of 50 x 60 takes about 16.0 GB of memory, and there are 8.0 GB where it would be drawn; use a smaller cropSize or canvasSize, or a GPU alone, with "executionEnvironment": "gpu"',
    ]);
    expect(await problemsWith(8e9, await drawn({ executionEnvironment: "cpu" }))).toEqual([
      expect.stringMatching(/use a smaller cropSize or canvasSize$/),
    ]);
    const onCard = await drawn({ executionEnvironment: "gpu" });
    expect(await problemsWith(8e9, onCard)).toEqual([]);
    expect(await problemsWith(0, { ...(await drawn()), bytes: null })).toEqual([]);

    const pipeline = await memoryPipeline();
    const networks = { ...pipeline.deps.networks, open: async () => network };
    const deps = { ...pipeline.deps, networks, workerBytes: 3_008 * 2 ** 20 };
    const request = { ...FOURIER, canvasSize: 1_024, numIterations: 1 };
    expect(await acceptRequest({ ...request, cropSize: 4_096 }, deps)).toEqual({
      status: "rejected",
      problems: [
        expect.stringMatching(
          /^request: .* of 4096 x 4096 on a canvas of 1024 x 1024 takes about 8\.\d GB .* 3\.2 GB /,
        ),
      ],
    });
    expect(pipeline.cpu.sent).toEqual([]);
    const smaller = await acceptRequest({ ...request, cropSize: 512 }, deps);
    expect(smaller).toMatchObject({ status: "accepted" });
  });

  test("may not fit together, or by themselves, is told of", async () => {
    // 15.84 GB of each, and 0.2 of the process
    expect(memoryNotice(await drawn(), 47.73e9, 3)).toBeNull();
    expect(memoryNotice(await drawn(), 47.71e9, 3)).toBe(
      "an image with crops of 30 x 40 on a canvas of 50 x 60 takes about 16.0 GB of memory, and 3 are drawn at once; this machine has 47.7 GB, which may not be enough: fewer --threads, or a smaller cropSize or canvasSize takes less",
    );
    expect(memoryNotice(await drawn(), 16e9, 1)).toBe(
      "an image with crops of 30 x 40 on a canvas of 50 x 60 takes about 16.0 GB of memory; this machine has 16.0 GB, which may not be enough: a smaller cropSize or canvasSize takes less",
    );
    expect(memoryNotice(await drawn({ executionEnvironment: "gpu" }), 1, 3)).toBeNull();
  });
});
