import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { circuitReport } from "../../../local/cli/circuit-report.ts";
import { writeCircuitSheet } from "../../../local/cli/circuit-sheet.ts";
import { readPicture } from "../../../lib/image/user-file.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { expectRefused, run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();

/** [2, 3, 1, 2]: of the second channel 1 and 3 excite, 2 inhibits. */
const WEIGHTS = floatTensor([2, 3, 1, 2], [9, 9, 9, 9, 9, 9, 1, 2, -4, 1, 3, 2]);
const path = join(folder, "net.onnx");
await writeFile(
  path,
  writeModel(
    sketch({
      inputs: { image: [1, 3, 24, 20] },
      nodes: [
        node("Conv", "image w", "edges", { strides: [2, 2] }),
        node("Relu", "edges", "bent"),
        node("Conv", "bent v", "shapes"),
        node("Softmax", "shapes", "ends", { axis: 1 }),
        node("Transpose", "ends", "turned", { perm: [0, 1, 3, 2] }),
        node("MatMul", "ends turned", "pairs"),
      ],
      outputs: ["pairs"],
      initializers: { w: normal([3, 3, 4, 4], 1), v: WEIGHTS },
    }),
    18,
  ),
);

const circuit = (...words: readonly string[]) => run("circuit", path, ...words);

test("a channel is drawn, and what excites and inhibits it, with its weights", async () => {
  const out = join(folder, "found");
  const words = ["--layer", "shapes", "--channel", "2", "--top", "1", "--json", "--out", out];
  const { code, stdout } = await circuit(...words);
  expect(code).toBe(0);
  const [told] = stdout.trimEnd().split("\n");
  const edges = { index: 2, name: "edges" };
  const source = (channel: number, weights: readonly number[], share: number) => ({
    layer: edges,
    channel,
    colour: null,
    sum: weights[0]! + weights[1]!,
    share: Number(share.toPrecision(4)),
    kernel: { rows: 1, columns: 2, weights },
  });
  const shapes = { index: 4, name: "shapes" };
  expect(JSON.parse(told!)).toEqual({
    kind: "circuit",
    request: "net-shapes-2",
    layer: shapes,
    channel: 2,
    weighing: [shapes],
    count: 3,
    sources: [source(2, [-4, 1], 17 / 35), source(3, [3, 2], 13 / 35), source(1, [1, 2], 5 / 35)],
    useCount: 0,
    uses: [],
  });
  // one that excites, one that inhibits, and no more
  const manifest = await readFile(join(out, "net-shapes-2.layer-2.manifest.json"), "utf8");
  expect(JSON.parse(manifest).request.channels).toEqual([3, 2]);
  const { width, height } = await readPicture(join(out, "net-shapes-2.circuit.png"));
  // two columns of two pictures, and their labels
  expect(width).toBeGreaterThan(2 * 224);
  expect(width).toBeLessThan(3 * 224);
  expect(height).toBeGreaterThan(2 * 224);
});

test("of a first convolution the weights are told by colours, and nothing else is drawn", async () => {
  const { code, stdout } = await circuit("--layer", "edges", "--channel", "3", "--dry-run");
  expect([code, stdout]).toEqual([0, expect.stringMatching(/image (red|green|blue) +[+-]/)]);
  expect(stdout).not.toContain("layer-1");
});

test("weights from further back are multiplied out", async () => {
  const words = ["--layer", "shapes", "--channel", "2", "--from", "1", "--dry-run"];
  const { code, stdout } = await circuit(...words);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/image (red|green|blue) .* 4 x 6\n/)]);
  expect(stdout).toContain("made of 3 channels, by the weights of 'edges' and 'shapes'");
});

test("a channel whose weights are all 0, and that cannot be drawn, has a sheet of one tile", async () => {
  const layer = { index: 4, name: "shapes" };
  const none = { sources: [], exciting: [], inhibiting: [], uses: [], useCount: 0 };
  const dead = { layer, channel: 3, label: "#3", weighing: [layer], count: 3, ...none };
  expect(circuitReport(dead).text).toMatch(
    /made of 3 channels.*\nthe weights of each add up to 0$/,
  );
  const out = join(folder, "dead.png");
  await writeCircuitSheet(out, dead, () => null);
  expect((await readPicture(out)).height).toBeLessThan(2 * 224);
});

test("what has no weights, and what is no channel, is refused in one line", async () => {
  const refused = (layer: string, channel: string, message: RegExp, ...words: readonly string[]) =>
    expectRefused(
      folder,
      ["circuit", path, "--layer", layer, "--channel", channel, ...words],
      message,
    );
  await refused("pairs", "1", /MatMul 'pairs' makes the channel, which has no weights/);
  await refused("shapes", "3", /channel: given 3; wanted channels 1 to 2 of layer 'shapes'/);
  await refused("shapes", "1:2", /channel: given '1:2'; wanted one channel/);
  await refused("edges", "1", /'edges' is not made of channels of 'shapes'/, "--from", "shapes");
  await refused("pairs", "1", /MatMul 'pairs': it is on the way/, "--from", "edges");
});
