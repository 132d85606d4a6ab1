import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { expect, test } from "vitest";

import { readNetwork, vjp } from "../../lib/dreamgrid.ts";
import { floatTensor, sizeOf } from "../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { runGraph } from "../support/run-graph.ts";

const SHAPE = [1, 3, 16, 18] as const;
/** A Python with torch and onnx, to export with instead of the fixture. */
const PYTHON = process.env["DREAMGRID_PYTHON"];

/** What export_torch.py writes and prints: a gradient of PyTorch 2.13.0 at these elements. */
const PLACES = [0, 100, 200, 400, 600, 863];
const GRADIENT = [-0.266871, -0.279949, -0.279949, 0.276785, 0.16127, -0.428801];

async function exported(): Promise<string> {
  if (PYTHON === undefined) return "test/fixtures/models/torch-export/net.onnx";
  const folder = await temporaryFolder();
  const script = join(process.cwd(), "test/fixtures/export_torch.py");
  execFileSync(PYTHON, [script], { cwd: folder, stdio: "ignore" });
  return join(folder, "net.onnx");
}

test("PyTorch's default export, weights in a file of their own, has PyTorch's gradient", async () => {
  const network = await readNetwork(await exported(), { folders: [] });
  const relu = network.layers.find(({ type }) => type === "Relu")!;
  expect(relu.activations).toEqual([1, 5, 16, 18]);
  const image = floatTensor(
    SHAPE,
    Float32Array.from({ length: sizeOf(SHAPE) }, (_, i) => i / 400 - 1),
  );
  const channel = new Float32Array(5 * 16 * 18).fill(1, 2 * 16 * 18, 3 * 16 * 18);
  const { gradient } = await runGraph(vjp(network, { layer: relu.index }), {
    image,
    cotangent: floatTensor([1, 5, 16, 18], channel),
  });
  PLACES.forEach((place, i) => expect(gradient!.data[place]).toBeCloseTo(GRADIENT[i]!, 5));
});
