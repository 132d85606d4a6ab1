import { getEventListeners } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTick } from "node:timers/promises";

import { ManualClock } from "@dreamgrid/aws-endpoint";
import { expect, onTestFinished, test, vi } from "vitest";

import { decodeImage, encodePng } from "../../lib/image/png.ts";
import { filledRaster } from "../../lib/image/raster.ts";
import type { Job } from "../../lib/pipeline/job/job.ts";
import type { Completion } from "../../lib/pipeline/job/tally.ts";
import { planKey } from "../../lib/pipeline/keys.ts";
import { MAX_RECEIVES } from "../../lib/pipeline/limits.ts";
import { parseLocalRequest, parseRequest } from "../../lib/pipeline/request/request.ts";
import { followJob, submitRequest } from "../../local/follow-job.ts";
import { type LocalPipelineOptions, startLocalPipeline } from "../../local/pipeline.ts";
import type { JobOutcome, RunEvent } from "../../local/run-events.ts";
import { runJobs } from "../../local/run-job.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { FakeRenderer, untilStopped } from "../support/fake-renderer.ts";
import { TINY_REQUEST } from "../support/memory-pipeline.ts";
import { tinyNetwork } from "../support/tiny-network.ts";
import { untilTrue } from "../support/until.ts";

async function startPipeline(options: Partial<LocalPipelineOptions> = {}) {
  const folder = await temporaryFolder();
  const pipeline = await startLocalPipeline({
    dataFolder: join(folder, "data"),
    renderer: new FakeRenderer(),
    ...options,
  });
  onTestFinished(() => pipeline.stop());
  await tinyNetwork(folder);
  return { pipeline, networks: { folders: [folder], cacheFolder: folder } };
}

function ended(outcome: JobOutcome | undefined) {
  if (outcome?.kind === "ended") return outcome;
  throw new Error(`the job did not end: ${JSON.stringify(outcome)}`);
}

test("a request runs from the drop zone to the sheet, with progress on the way", async () => {
  const { pipeline, networks } = await startPipeline();
  const events: RunEvent[] = [];
  const request = parseLocalRequest({ ...TINY_REQUEST, montage: { title: "wide" } });
  const [outcome] = await runJobs(pipeline, [request], {
    networks,
    onProgress: (event) => events.push(event),
  });
  const { completion, sheetPath, manifestPath } = ended(outcome);
  expect(completion).toMatchObject({ state: "completed", total: 5, ok: 5, failed: 0 });
  const sheet = await decodeImage(await readFile(sheetPath));
  // a grid of 2 x 3, which has room for the title above it: capitals of 7 between twice 5
  expect([sheet.width, sheet.height]).toEqual([2 * 20, 3 * 16 + 17]);
  expect(JSON.parse(await readFile(manifestPath, "utf8"))).toMatchObject({ ok: 5 });
  const channels = events.flatMap((event) => (event.kind === "channel" ? event.done : []));
  expect(channels).toEqual([1, 2, 3, 4, 5]);
  const steps = events.filter(({ kind }) => kind === "step");
  expect(steps).toHaveLength(5 * 2);
});

test("what a user's account wants of AWS's own addresses is not asked of this machine's", async () => {
  for (const kind of ["FIPS", "DUALSTACK"]) vi.stubEnv(`AWS_USE_${kind}_ENDPOINT`, "true");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { pipeline, networks } = await startPipeline();
  const [outcome] = await runJobs(pipeline, [parseLocalRequest(TINY_REQUEST)], { networks });
  expect(ended(outcome).completion.ok).toBe(5);
});

test("a pipeline without work stops at once: no poll is waited for", async () => {
  // by which no wait is ever over
  const clock = new ManualClock();
  const dataFolder = await temporaryFolder();
  const pipeline = await startLocalPipeline({ dataFolder, renderer: null, clock });
  const receives = () => pipeline.endpoint.operationCounts().get("ReceiveMessage") ?? 0;
  await untilTrue(
    () => receives() > 0,
    () => "nobody polls",
  );
  await expect(pipeline.stop()).resolves.toBeUndefined();
});

test("the same request again is answered from what is there", async () => {
  const renderer = new FakeRenderer();
  const { pipeline, networks } = await startPipeline({ renderer });
  const request = parseLocalRequest(TINY_REQUEST);
  const [first] = await runJobs(pipeline, [request], { networks });
  const [again, other] = await runJobs(pipeline, [request, { ...request, seed: 1 }], { networks });
  expect(ended(again).completion).toEqual(ended(first).completion);
  expect(ended(other).plan.jobId).not.toBe(ended(first).plan.jobId);
  expect(renderer.calls.flat()).toHaveLength(2 * 5);
});

test("a request that the intake fails on every time ends in that error, not in waiting", async () => {
  const request = parseLocalRequest(TINY_REQUEST);
  const healthy = await startPipeline();
  const [outcome] = await runJobs(healthy.pipeline, [request], { networks: healthy.networks });
  const { jobId } = ended(outcome).plan;

  const errors: string[] = [];
  const { pipeline, networks } = await startPipeline({
    timing: { requests: { retrySeconds: () => 0 } },
    logOf: () => ({ info: () => undefined, error: (message) => errors.push(message) }),
  });
  await pipeline.store.put(planKey(jobId), Buffer.from("{"), "application/json");
  await expect(runJobs(pipeline, [request], { networks })).rejects.toThrow(/plan.json' is not as/);
  expect(errors.filter((message) => message === "request not answered")).toHaveLength(MAX_RECEIVES);
  // and others are answered as before
  const [other] = await runJobs(pipeline, [{ ...request, seed: 1 }], { networks });
  expect(ended(other).completion.state).toBe("completed");
});

test("a network may be a file and an initial image too; both are brought into the bucket", async () => {
  const renderer = new FakeRenderer();
  const { pipeline, networks } = await startPipeline({ renderer });
  const [folder = ""] = networks.folders;
  const foreign = await tinyNetwork(join(folder, "elsewhere"), { id: "foreign", seed: 3 });
  const modelPath = join(folder, "foreign.onnx");
  await copyFile(foreign.modelPath, modelPath);
  const imagePath = join(folder, "photo.PNG");
  await writeFile(imagePath, await encodePng(filledRaster({ width: 24, height: 18 }, [9, 8, 7])));
  const notices: string[] = [];
  const request = { ...TINY_REQUEST, network: modelPath, initialImage: imagePath };
  const [outcome] = await runJobs(pipeline, [parseLocalRequest(request)], {
    networks,
    onProgress: (event) => {
      if (event.kind === "notice") notices.push(event.notice);
    },
  });
  const { plan } = ended(outcome);
  expect(plan.network.id).toMatch(/^foreign-[0-9a-f]{8}$/);
  expect(plan.initialImage).toMatchObject({ width: 24, height: 18 });
  expect(plan.initialImage?.key).toMatch(/^uploads\/[0-9a-f]{32}\.png$/);
  expect(renderer.tasks[0]?.initialImage).toMatchObject({ width: 24, height: 18 });
  expect(notices).toEqual([expect.stringContaining("has no description")]);
});

test("a network's file may be called anything", async () => {
  const { pipeline, networks } = await startPipeline();
  const [folder = ""] = networks.folders;
  const { modelPath } = await tinyNetwork(join(folder, "elsewhere"), { id: "foreign", seed: 3 });
  const names = ["my net (1).onnx", "сеть.onnx", "_a..b.ONNX", "-.onnx"];
  const paths = names.map((name) => join(folder, name));
  for (const path of paths) await copyFile(modelPath, path);
  const requests = paths.map((network) =>
    parseLocalRequest({ ...TINY_REQUEST, network, channels: [1] }),
  );
  const outcomes = await runJobs(pipeline, requests, { networks });
  expect(outcomes.map((outcome) => ended(outcome).plan.network.files[0]?.file)).toEqual([
    "my-net-1.onnx",
    "model.onnx",
    "a-b.onnx",
    "model.onnx",
  ]);
  expect(outcomes.map((outcome) => ended(outcome).completion.ok)).toEqual([1, 1, 1, 1]);
});

test("a request that cannot be run is an outcome with its problems, beside others that can", async () => {
  const { pipeline, networks } = await startPipeline();
  const requests = [
    { ...TINY_REQUEST, layer: "wyde" },
    { ...TINY_REQUEST, initialImage: "/no/such/image.png" },
    TINY_REQUEST,
  ].map(parseLocalRequest);
  const [layer, image, good] = await runJobs(pipeline, requests, { networks });
  expect(layer).toEqual({ kind: "rejected", problems: [expect.stringContaining("wyde")] });
  expect(image).toEqual({
    kind: "rejected",
    problems: [expect.stringContaining("'/no/such/image.png', which cannot be read")],
  });
  expect(ended(good).completion.state).toBe("completed");
});

test("a pipeline that is stopped in mid-job goes on when it is started again", async () => {
  const folder = await temporaryFolder();
  const dataFolder = join(folder, "data");
  await tinyNetwork(folder);
  const networks = { folders: [folder], cacheFolder: folder };
  const slow = new FakeRenderer({
    beforeChannel: (channel, halt) => (channel === 3 ? untilStopped(halt) : undefined),
  });
  const first = await startLocalPipeline({ dataFolder, renderer: slow });
  const stop = new AbortController();
  const interrupted = runJobs(first, [parseLocalRequest(TINY_REQUEST)], {
    networks,
    signal: stop.signal,
    onProgress: (event) => {
      if (event.kind === "channel" && event.done === 2) stop.abort(new Error("interrupted"));
    },
  });
  await expect(interrupted).rejects.toThrow("interrupted");
  await first.stop();
  const rendered = slow.calls.length;

  const renderer = new FakeRenderer();
  const second = await startLocalPipeline({ dataFolder, renderer });
  onTestFinished(() => second.stop());
  const [jobId = ""] = second.resumedJobs;
  const completion = await followJob(second, { jobId, total: 5 });
  expect(completion).toMatchObject({ state: "completed", ok: 5 });
  expect(rendered).toBe(1);
  // what had a result is not rendered again
  expect(renderer.calls.flat().toSorted((a, b) => a - b)).toEqual([3, 4, 5]);
});

test("a request that was answered no longer listens to the signal of its run", async () => {
  const { pipeline, networks } = await startPipeline();
  const { signal } = new AbortController();
  const whileItRuns: number[] = [];
  const onProgress = () => void whileItRuns.push(getEventListeners(signal, "abort").length);
  await runJobs(pipeline, [parseLocalRequest(TINY_REQUEST)], { networks, signal, onProgress });
  expect(whileItRuns.length).toBeGreaterThan(1);
  expect(Math.max(...whileItRuns.slice(1))).toBe(0);
});

test("giving up waiting for an answer ends the wait", async () => {
  const { pipeline } = await startPipeline();
  const gone = AbortSignal.abort(new Error("gone"));
  await expect(submitRequest(pipeline, parseRequest(TINY_REQUEST), gone)).rejects.toThrow("gone");
});

test("an end after which another round began ends one pause between looks, not all", async () => {
  const { pipeline } = await startPipeline();
  const gone = new AbortController();
  const job = {
    ended: () => Promise.resolve([]),
    findCompletion: () => Promise.resolve(null),
    look: vi.fn(async () => {
      await nextTick();
      return { job, names: null };
    }),
  };
  vi.spyOn(pipeline.acceptDeps.jobs, "open").mockReturnValue(job as unknown as Job);
  const following = followJob(pipeline, { jobId: "j", total: 1 }, { signal: gone.signal });
  pipeline.tell({ kind: "completed", completion: { jobId: "j" } as Completion });
  for (let tick = 0; tick < 100; tick++) await nextTick();
  // a look takes a tick, and the pauses of one second are far longer
  expect(job.look.mock.calls.length).toBeLessThan(50);
  gone.abort(new Error("gone"));
  await expect(following).rejects.toThrow("gone");
});
