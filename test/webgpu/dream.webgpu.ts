import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

import { resultPaths } from "../../local/cli/result-paths.ts";
import { runWith } from "../local/cli/command-line.ts";
import { makeModels } from "../local/cli/models-on-disk.ts";

const folder = await makeModels();

const CHANNELS = [1, 2, 3];
const request = (changes: object) => ({
  network: join(folder, "good.onnx"),
  layer: "conv2",
  channels: CHANNELS,
  numIterations: 2,
  pyramidLevels: 1,
  ...changes,
});

/** Where each tile of some requests was drawn, request by request, and what was said of it. */
async function dream(gpu: string, name: string, requests: readonly object[]) {
  const out = join(folder, name);
  const files = requests.map((_, i) => join(folder, `${name}${i}.json`));
  for (const [i, file] of files.entries()) await writeFile(file, JSON.stringify(requests[i]));
  const ended = await runWith({ env: { DREAMGRID_GPU: gpu } }, "dream", ...files, "--out", out);
  const { code, stderr } = ended;
  if (code !== 0) return { code, stderr, places: [] };
  const places = await Promise.all(
    files.map(async (_, i) => {
      const manifest: unknown = JSON.parse(
        await readFile(resultPaths(out, `${name}${i}`).manifest, "utf8"),
      );
      const { tiles } = manifest as { readonly tiles: readonly { readonly provider: string }[] };
      return tiles.map(({ provider }) => provider);
    }),
  );
  return { code, stderr, places };
}

test("two jobs at once on the GPU", async () => {
  const given = [{ seed: 1 }, { seed: 2 }].map((seed) =>
    request({ executionEnvironment: "gpu", ...seed }),
  );
  const { code, stderr, places } = await dream("any", "both", given);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(places).toEqual([CHANNELS.map(() => "webgpu"), CHANNELS.map(() => "webgpu")]);
  expect(stderr).toMatch(/rendering on WebGPU.*, too: [\d.e-]+ times the speed of the CPU/);
});

test("an adapter that is slower than the CPU leaves it all to that, with a line, or is refused", async () => {
  const { stderr, places } = await dream("auto", "slow", [request({ seed: 3 })]);
  // the software adapter of continuous integration; a card is used or not
  const line =
    /rendering on the CPU: .*WebGPU \(libvk_swiftshader\.so\) has [\d.e-]+ times the speed/;
  if (!stderr.includes("swiftshader")) return;
  expect(stderr).toMatch(line);
  expect(places).toEqual([CHANNELS.map(() => "cpu")]);
  const refused = await dream("auto", "refused", [request({ executionEnvironment: "gpu" })]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/executionEnvironment: given 'gpu', and .*times the speed.*\n$/);
});
