import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { readNetwork } from "../../../lib/dreamgrid.ts";
import type { CHANNEL_ORDERS } from "../../../lib/networks/preprocessing.ts";
import { EngineRenderer } from "../../../lib/pipeline/render/engine-renderer.ts";
import { parseLocalRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { loadTargetFiles, pinTargetFiles } from "../../../lib/pipeline/request/target-files.ts";
import { jsonFixture, npyFixture, relativeDistance } from "../../optvis/fixtures.ts";

/** A request of test/fixtures/make_request_references.py. */
interface Run {
  readonly name: string;
  readonly network: string;
  readonly channelOrder: (typeof CHANNEL_ORDERS)[number];
  readonly request: { readonly seed: number };
  /** Activation of each image before each update. */
  readonly traces: readonly (readonly number[])[];
}

const runs = (await jsonFixture("requests")) as readonly Run[];
const SIDES: Readonly<Record<string, number>> = { smooth: 18, "fixed-head": 16 };

const renderer = new EngineRenderer({ threads: 1 });
afterAll(() => renderer.close());

const pathOf = (file: string) =>
  fileURLToPath(new URL(`../../fixtures/optvis/${file}`, import.meta.url));
const read = (file: string) => readFile(pathOf(file));

async function draw({ network: name, channelOrder, request: json }: Run) {
  const pixels = { channelOrder, mean: [104, 117, 123], scale: [0.02, 0.015, 0.01] };
  const input = { ...pixels, sizePx: SIDES[name]! };
  const { analysed } = await readNetwork(pathOf(`${name}.onnx`), { input });
  const request = parseLocalRequest({ ...json, network: name });
  const files = await pinTargetFiles(request.targets, read);
  const resolved = await resolveRequest(request, analysed, null, files);
  const results = await renderer.render({
    request: resolved.request,
    network: analysed,
    channels: resolved.channels,
    initialImage: null,
    targetFiles: await loadTargetFiles(files, read),
    provider: "cpu",
  });
  return results.map((result) => {
    if (result.kind === "failed") throw new Error(result.reason);
    return { values: result.image.data, trace: result.trace.map((point) => point.activation) };
  });
}

describe.each(runs)("$name: from a request alone, an independent float64 ascent", (run) => {
  test("makes the same images", async () => {
    const drawn = await draw(run);
    expect(drawn).toHaveLength(run.traces.length);
    for (const [i, { values, trace }] of drawn.entries()) {
      const { data } = await npyFixture(`request-${run.name}-${i + 1}`);
      expect(relativeDistance(values, data)).toBeLessThan(1e-4);
      expect(relativeDistance(trace, run.traces[i]!)).toBeLessThan(1e-5);
    }
  });
});

test("and other images from another seed", async () => {
  const run = runs.find(({ network }) => network === "fixed-head")!;
  const [other] = await draw({ ...run, request: { ...run.request, seed: 5 } });
  const { data } = await npyFixture(`request-${run.name}-1`);
  expect(relativeDistance(other!.values, data)).toBeGreaterThan(0.1);
});
