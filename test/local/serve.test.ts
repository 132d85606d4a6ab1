import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, expect, onTestFinished, test, vi } from "vitest";

import { encodePng } from "../../lib/image/png.ts";
import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import { MAX_ATTEMPTS, MAX_RECEIVES } from "../../lib/pipeline/limits.ts";
import { serveCommand } from "../../local/cli/serve.ts";
import { createTerminal } from "../../local/cli/terminal.ts";
import { followJob } from "../../local/follow-job.ts";
import { EventStreams } from "../../local/page/event-streams.ts";
import { startService } from "../../local/serve.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { FakeRenderer, untilStopped } from "../support/fake-renderer.ts";
import { MemoryObjectStore } from "../support/memory-object-store.ts";
import { NOW, TINY_REQUEST } from "../support/memory-pipeline.ts";
import { tinyNetwork } from "../support/tiny-network.ts";
import { until, untilTrue } from "../support/until.ts";
import { startServe } from "./start-serve.ts";

const CHANNELS = 40;

/** The bundle that each of its processes is started from. */
const scripts = await mkdtemp(join(tmpdir(), "dreamgrid-serve-"));
afterAll(() => rm(scripts, { recursive: true }));

async function numbersIn(path: string): Promise<number[]> {
  return (await readFile(path, "utf8")).trim().split("\n").map(Number);
}

test("killed in the middle of a job and started again, it finishes the job", async () => {
  const folder = await temporaryFolder();
  await tinyNetwork(folder, { wideChannels: CHANNELS });
  // what it had in its hands comes back soon; what its successor has in its hands does not
  const dying = { log: "first.log", hangsAfter: 12, recoverySeconds: 2 };
  const first = await startServe(folder, dying, { scripts });
  const response = await fetch(`${first.apiUrl}/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...TINY_REQUEST, channels: "all" }),
  });
  expect(response.status).toBe(202);
  const { jobId } = (await response.json()) as { jobId: string };

  const results = join(folder, "data", "dreamgrid", "jobs", jobId, "results");
  const ended = async () =>
    existsSync(results) ? (await readdir(results)).map((name) => Number.parseInt(name, 10)) : [];
  await untilTrue(
    async () => (await ended()).length === 12,
    () => `no results: ${first.output()}`,
  );
  const drops = join(folder, "data", ".drops");
  await fetch(`${first.apiUrl}/page/uploads`, { method: "POST" });
  expect(await readdir(drops)).toHaveLength(1);
  first.process.kill("SIGKILL");
  await once(first.process, "exit");
  const endedBefore = await ended();
  // a model of the bucket alone, as one that was dropped on the page
  await rm(join(folder, "tiny", "tiny.onnx"));

  const living = { log: "second.log", hangsAfter: Infinity, recoverySeconds: 600 };
  const second = await startServe(folder, living, { scripts });
  expect(second.output()).toContain(`going on with ${jobId}`);
  expect(second.output()).toMatch(/^networks +emojinet, tiny$/m);
  expect(second.output()).not.toContain("tiny: fetch it");
  expect(await readdir(drops)).toEqual([]);
  const link = await until(
    () => /completed, 40 of 40 channels;[^\n]*\n\s+(http\S+)/.exec(second.output())?.[1],
    () => `the job did not end: ${second.output()}`,
  );
  expect(link).toContain("X-Amz-Expires=3600");
  const sheet = await fetch(link);
  expect(sheet.headers.get("content-type")).toBe("image/png");
  expect((await sheet.arrayBuffer()).byteLength).toBeGreaterThan(1_000);

  const renderedAgain = await numbersIn(join(folder, "second.log"));
  expect(renderedAgain.filter((channel) => endedBefore.includes(channel))).toEqual([]);
  expect(new Set([...endedBefore, ...renderedAgain]).size).toBe(CHANNELS);

  second.process.kill("SIGTERM");
  expect(await once(second.process, "exit")).toEqual([0, null]);
});

/** More than a channel is tried, and than most messages are received. */
const KILLS = 2 + Math.max(MAX_ATTEMPTS, MAX_RECEIVES);

test("kills at channels' beginnings fail no channel, however many, and leave the same tiles", async () => {
  // two are begun at a time
  const channels = 2 * KILLS;
  const request = { ...TINY_REQUEST, channels: "all" };
  const post = async (apiUrl: string) => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(request);
    const response = await fetch(`${apiUrl}/jobs`, { method: "POST", headers, body });
    return ((await response.json()) as { jobId: string }).jobId;
  };
  const tilesOf = async (folder: string, jobId: string) => {
    const tiles = join(folder, "data", "dreamgrid", "jobs", jobId, "tiles");
    const names = (await readdir(tiles)).toSorted();
    return Promise.all(names.map((name) => readFile(join(tiles, name), "base64")));
  };
  const finish = async (folder: string) => {
    const plan = { log: "log", hangsAfter: Infinity, recoverySeconds: 600 };
    const service = await startServe(folder, plan, { scripts });
    const jobId = await post(service.apiUrl);
    await until(
      () =>
        new RegExp(`completed, ${channels} of ${channels} channels;`).exec(service.output())?.[0],
      () => `the job did not end: ${service.output()}`,
    );
    return tilesOf(folder, jobId);
  };
  /** In this process, and nobody kills it. */
  const drawCalmly = async (folder: string) => {
    const service = await startService({
      dataFolder: join(folder, "data"),
      awsPort: 0,
      apiPort: 0,
      renderer: new FakeRenderer(),
      networkFolders: [folder],
      recoverySeconds: 600,
    });
    onTestFinished(() => service.stop());
    const plan = { jobId: await post(service.api.url), total: channels };
    expect(await followJob(service.pipeline, plan)).toMatchObject({ ok: channels });
    return tilesOf(folder, plan.jobId);
  };

  const folder = await temporaryFolder();
  await tinyNetwork(folder, { wideChannels: channels });
  let [jobId, begun] = ["", 0];
  for (let kills = 1; kills <= KILLS; kills++) {
    const plan = { log: "killed.log", hangsAfter: 0, recoverySeconds: 1 };
    const { process: child, apiUrl, output } = await startServe(folder, plan, { scripts });
    // the others go on with it
    jobId ||= await post(apiUrl);
    const attempts = join(folder, "data", "dreamgrid", "jobs", jobId, "attempts");
    const countBegun = async () => {
      const names = existsSync(attempts) ? await readdir(attempts) : [];
      const counts = names.map((name) => readFile(join(attempts, name), "utf8"));
      const records = (await Promise.all(counts)).map(
        (text) => /"attempts":\s*(\d+)/.exec(text)?.[1],
      );
      return records.reduce((sum, count) => sum + Number(count), 0);
    };
    await untilTrue(
      async () => (await countBegun()) > begun,
      () => `nothing begun: ${output()}`,
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    begun = await countBegun();
    // in full batches, of which the least tried go first: one that comes back by itself is tried
    // at every start
    await sleep(1_000 * plan.recoverySeconds);
  }
  const tiles = await finish(folder);
  expect(tiles).toHaveLength(channels);

  const calm = await temporaryFolder();
  await tinyNetwork(calm, { wideChannels: channels });
  expect(tiles).toEqual(await drawCalmly(calm));
});

test("a question is answered while pictures keep all other workers busy", async () => {
  const folder = await temporaryFolder();
  await tinyNetwork(folder, { wideChannels: CHANNELS });
  const renderer = new FakeRenderer({ beforeChannel: (_, stop) => untilStopped(stop) });
  const service = await startService({
    dataFolder: join(folder, "data"),
    awsPort: 0,
    apiPort: 0,
    renderer,
    threads: 1,
    networkFolders: [folder],
  });
  onTestFinished(() => service.stop());
  const call = async (path: string, body?: object) => {
    const headers = { "Content-Type": "application/json" };
    const init = body && { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(`${service.api.url}${path}`, init);
    return (await answer.json()) as { readonly id: string; readonly state: string };
  };
  await call("/jobs", { ...TINY_REQUEST, channels: "all" });
  await untilTrue(
    () => renderer.calls.length === 2,
    () => "the workers are not busy",
  );
  const data = new Uint8Array(3 * 16 * 20).fill(90);
  const photo = await encodePng({ width: 20, height: 16, data });
  await service.pipeline.store.put("uploads/photo.png", photo, "image/png");
  const { id } = await call("/explanations", { network: "tiny", image: "uploads/photo.png" });
  await untilTrue(
    async () => (await call(`/explanations/${id}`)).state !== "pending",
    () => "no answer",
  );
  expect((await call(`/explanations/${id}`)).state).toBe("done");
});

test("a browser that leaves the end of its news unread is told nothing after it", () => {
  const jobs = new Jobs(new MemoryObjectStore());
  const events = new EventStreams({ jobs, now: () => NOW });
  const outgoing = new ServerResponse(new IncomingMessage(new Socket()));
  const written = vi.spyOn(outgoing, "write");
  const result = { state: "cancelled", jobId: "j", channel: 1 } as ChannelResult;
  events.open(outgoing);
  events.listener({ kind: "result", result });
  expect(written).toHaveBeenCalledTimes(2);
  events.close();
  events.listener({ kind: "result", result });
  expect(written).toHaveBeenCalledTimes(2);
});

/** `serve` in this process; resolves when it has ended. */
async function serveHere(words: readonly string[]): Promise<void> {
  const silent = { write: () => undefined };
  const env = { DREAMGRID_CACHE: await temporaryFolder() };
  const command = serveCommand(createTerminal({ env, stdout: silent, stderr: silent }), {
    createRenderer: () => new FakeRenderer(),
  })
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...words], { from: "user" });
}

test("what the user can mend is one line", async () => {
  const folder = await temporaryFolder();
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const data = join(folder, "data");
  const inUse = `port ${port} is in use; stop what uses it, or choose others with --aws-port and --api-port`;
  await expect(
    serveHere(["--data", data, "--aws-port", String(port), "--api-port", "0"]),
  ).rejects.toThrow(inUse);
  await expect(
    serveHere(["--data", data, "--aws-port", "0", "--api-port", String(port)]),
  ).rejects.toThrow(inUse);

  const file = join(folder, "file");
  await writeFile(file, "");
  await expect(serveHere(["--data", join(file, "data")])).rejects.toThrow("EEXIST");
  await expect(serveHere(["--aws-port", "70000"])).rejects.toThrow(
    "want a whole number from 0 to 65535",
  );
});
