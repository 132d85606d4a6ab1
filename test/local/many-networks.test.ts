import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { temporaryFolder } from "../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { uniform } from "../support/random.ts";
import { until } from "../support/until.ts";

/** `npm run test:fuzz` asks for it: it takes minutes, and Linux says what a process holds. */
const IS_FULL = process.env["DREAMGRID_MUTANTS"] !== undefined && process.platform === "linux";

const [FEW, MANY] = [10, 100] as const;
const MOST_GROWTH = 1.3;

/** A network of 5 MB, different from all others, in a folder of its own. */
async function addNetwork(folder: string, index: number): Promise<string> {
  const id = `network-${index}`;
  const model = writeModel(
    sketch({
      inputs: { image: [1, 3, 24, 32] },
      nodes: [
        node("Conv", "image kernel", "sums"),
        node("Relu", "sums", "maps"),
        node("GlobalAveragePool", "maps", "means"),
        node("Flatten", "means", "features"),
        node("Gemm", "features matrix", "classes"),
      ],
      outputs: ["classes"],
      initializers: {
        kernel: uniform([64, 3, 5, 5], index, [-1, 1]),
        matrix: uniform([64, 20_000], index + 1_000, [-1, 1]),
      },
    }),
    17,
  );
  const sha256 = createHash("sha256").update(model).digest("hex");
  const description = {
    id,
    licence: "CC0",
    files: [{ file: "net.onnx", sha256 }],
    input: { name: "image", width: 32, height: 24, channelOrder: "RGB", mean: [1, 2, 3] },
  };
  await mkdir(join(folder, id), { recursive: true });
  await writeFile(join(folder, id, "net.onnx"), model);
  await writeFile(join(folder, id, "network.json"), JSON.stringify(description));
  return id;
}

/** Starts `serve` as people do, in a process of its own; where its API is, and what it holds. */
async function startServing(folder: string) {
  const words = ["--aws-port", "0", "--api-port", "0", "--threads", "1"];
  const child = spawn(
    process.execPath,
    ["local/bin/dreamgrid.mjs", "serve", ...words, "--data", join(folder, "data")],
    {
      env: { ...process.env, DREAMGRID_MODELS: folder, DREAMGRID_CACHE: join(folder, "cache") },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => (output += String(chunk)));
  }
  const url = await until(
    () => (/curl \S+\/jobs\n/.test(output) ? /HTTP API\s+(\S+)/.exec(output)?.[1] : undefined),
    () => `serve did not start: ${output}`,
  );
  const residentMb = async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024;
  };
  return { url, residentMb };
}

async function drawOne(url: string, network: string): Promise<void> {
  const request = { network, layer: 2, channels: [2], numIterations: 1, pyramidLevels: 1 };
  const answer = await fetch(`${url}/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
  });
  expect(answer.status).toBe(202);
  const { jobId } = (await answer.json()) as { jobId: string };
  await until(
    async () => {
      const job = (await (await fetch(`${url}/jobs/${jobId}`)).json()) as { state: string };
      return job.state.startsWith("completed") ? job.state : undefined;
    },
    () => `${jobId} did not end`,
  );
}

test.runIf(IS_FULL)(
  "a service holds no more of a hundred networks than of ten",
  { timeout: 3_600_000 },
  async () => {
    const folder = await temporaryFolder();
    const { url, residentMb } = await startServing(folder);
    const held: number[] = [];
    for (let i = 1; i <= MANY; i++) {
      await drawOne(url, await addNetwork(folder, i));
      held.push(await residentMb());
    }
    const of = (count: number) => Math.max(...held.slice(count - 5, count));
    expect(of(MANY), `MB after each network: ${held.map(Math.round).join(" ")}`).toBeLessThan(
      of(FEW) * MOST_GROWTH,
    );
  },
);
