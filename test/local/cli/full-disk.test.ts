import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";

import { beforeAll, expect, test } from "vitest";

import { encodePng } from "../../../lib/image/png.ts";
import { runProcess } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();
beforeAll(async () => {
  // what it runs is bundled, and needs no room any more
  await runProcess("--version");
});

/** Runs `dreamgrid` where no file may have more than so many KiB. */
async function runCramped(kibibytes: number, ...words: readonly string[]) {
  const bin = resolve("local/bin/dreamgrid.mjs");
  const command = `ulimit -f ${kibibytes}; exec "$@"`;
  const child = spawn("bash", ["-c", command, "bash", process.execPath, bin, ...words], {
    env: { ...process.env, DREAMGRID_CACHE: join(folder, "cache") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: (await ended)[0] as number, stdout, stderr };
}

test.skipIf(process.platform === "win32")(
  "a run that finds no room ends at once with one line, and done again with room it goes on",
  async () => {
    const requests = join(folder, "large");
    await mkdir(requests);
    const pixels = { width: 200, height: 150, data: new Uint8Array(90_000).fill(90) };
    await writeFile(join(requests, "start.png"), await encodePng(pixels));
    // the raw values of each are 360 kB
    const request = {
      network: "../good.onnx",
      layer: "conv2",
      channels: [3, 1],
      numIterations: 1,
      pyramidLevels: 1,
      initialImage: "start.png",
      outputScaling: "none",
    };
    const path = join(requests, "large.json");
    await writeFile(path, JSON.stringify(request));
    const words = ["dream", path, "--quiet", "--out", join(folder, "out")];
    expect(await runCramped(250, ...words)).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "dreamgrid: there is no room left for the data folder (EFBIG); make some, or choose another folder\n",
    });
    expect(await runCramped(500, ...words)).toEqual({
      code: 0,
      stdout: expect.stringContaining("large.png  (2 of 2 images)"),
      stderr: "",
    });
  },
);
