import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";

import { type Browser, chromium, type Page } from "playwright-core";

import { startService } from "../local/serve.ts";
import { addNetwork } from "../lib/networks/add.ts";
import { encodeModel } from "../lib/onnx/encode.ts";
import type { Graph } from "../lib/onnx/model.ts";
import { floatTensor } from "../lib/onnx/tensor.ts";
import type { Renderer, RenderHooks, RenderTask } from "../lib/pipeline/render/renderer.ts";
import { benchOptions } from "./options.ts";
import { machineLine } from "./results-file.ts";

const USAGE = `npm run bench:page -- [--chromium /usr/bin/chromium] [--channels 1000]

Scrolls through a layer whose channels all have pictures, as fast as a hand does, and says how long
the tasks of the page's main thread were: what keeps it from drawing sixty frames a second.`;

const values = benchOptions(USAGE, { chromium: "/usr/bin/chromium", channels: "1000" });

const CHANNELS = Number(values.channels);
const SIDE_PX = 64;
/** As large as those of the usual networks. */
const PICTURE_PX = 224;
/** A turn of a wheel is a hundred, five or six of them a second are fast. */
const PIXELS_A_FRAME = 40;
/** Of a trace, in microseconds; what is less is no task that anybody notices. */
const SHORTEST_US = 100;

/** What Chromium's trace has of a task. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the clock, and of the thread's own time. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

const folder = await mkdtemp(join(tmpdir(), "dreamgrid-bench-"));
const modelPath = join(folder, "many.onnx");
await writeFile(modelPath, encodeModel(manyChannels()));
const networks = join(folder, "networks");
await addNetwork(
  { id: "many", modelPath, labelsPath: null, licence: "MIT", mean: [128], scale: [1 / 128] },
  { folder: networks, folders: [], check: () => Promise.resolve() },
);
const service = await startService({
  dataFolder: join(folder, "data"),
  awsPort: 0,
  apiPort: 0,
  renderer: { render: (task, hooks) => drawn(task, hooks), examine, close: async () => {} },
  networkFolders: [networks],
});
let browser: Browser | null = null;
try {
  await draw();
  // a container's root may not use the sandbox; what is opened here is our own page
  browser = await chromium.launch({ executablePath: values.chromium, args: ["--no-sandbox"] });
  await report(browser);
} finally {
  await browser?.close();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}

/** One convolution, as wide as there are to be channels. */
function manyChannels(): Graph {
  const weights = Array.from({ length: CHANNELS * 27 }, (_, i) => Math.sin(i * 12.9898) / 27);
  const image = { name: "image", type: "float32", shape: [1, 3, SIDE_PX, SIDE_PX] } as const;
  const y = { name: "y", type: "float32", shape: [1, CHANNELS, SIDE_PX - 2, SIDE_PX - 2] } as const;
  const node = { op: "Conv", name: "wide", domain: "", attributes: {} } as const;
  return {
    name: "many",
    inputs: [image],
    outputs: [y],
    nodes: [{ ...node, inputs: ["image", "w"], outputs: ["y"] }],
    initializers: new Map([["w", floatTensor([CHANNELS, 3, 3, 3], weights)]]),
  };
}

/** Pictures of waves: what they show is nothing to the page, but that they differ. */
async function drawn({ channels }: RenderTask, hooks: RenderHooks = {}) {
  for (const channel of channels) {
    await hooks.onBegin?.([channel]);
    const data = Float32Array.from(
      { length: 3 * PICTURE_PX * PICTURE_PX },
      (_, i) => 90 * Math.sin(channel + (i % PICTURE_PX) / 9) * Math.cos(i / PICTURE_PX / 7),
    );
    const image = { width: PICTURE_PX, height: PICTURE_PX, data };
    const trace = [{ level: 1, iteration: 1, activation: channel }];
    const facts = { seconds: 0, provider: "cpu", seed: 0, restarts: 0 } as const;
    await hooks.onChannel?.({ kind: "image", channel, image, trace, ...facts });
  }
  return [];
}

function examine(): ReturnType<Renderer["examine"]> {
  const source = { activation: 1, probability: null, rank: 1, robustness: 1 };
  const card = { luminanceDeviation: 0.2, fineShare: 0.02, source, selective: true, marks: [] };
  return Promise.resolve(card);
}

async function draw(): Promise<void> {
  const request = { network: "many", layer: 2, channels: "all", numIterations: 2 };
  const started = await fetch(`${service.api.url}/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...request, pyramidLevels: 1, montage: { thumbnailSize: [8, 8] } }),
  });
  if (!started.ok) throw new Error(await started.text());
  const { jobId } = (await started.json()) as { readonly jobId: string };
  for (;;) {
    const answer = await fetch(`${service.api.url}/jobs/${jobId}?limit=1`);
    const job = (await answer.json()) as { readonly ok: number; readonly completedAt: unknown };
    process.stderr.write(`\r${job.ok} of ${CHANNELS} pictures `);
    if (job.completedAt !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  process.stderr.write("\n");
}

async function report(chrome: Browser): Promise<void> {
  const page = await chrome.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${service.api.url}/#/many/wide`);
  await page.locator(".tiles > li").last().waitFor({ state: "attached" });
  await page.getByRole("img", { name: "channel 1", exact: true }).waitFor();
  await chrome.startTracing(page, { categories: ["toplevel", "__metadata"] });
  const frames = await scroll(page);
  const trace = JSON.parse((await chrome.stopTracing()).toString("utf8")) as {
    readonly traceEvents: readonly TraceEvent[];
  };
  const tasks = mainThreadTasks(trace.traceEvents);
  const [clock, own] = [tasks.map(({ dur }) => dur), tasks.map(({ tdur }) => tdur)];
  const ms = (times: readonly number[], share: number) => (at(times, share) / 1_000).toFixed(1);
  const row = (name: string, times: readonly number[]) =>
    `${name.padEnd(32)}${[0.5, 0.95, 0.99, 1].map((share) => ms(times, share).padStart(8)).join("")}\n`;
  process.stdout.write(
    `${machineLine()}, load ${loadavg()[0]!.toFixed(1)}\n` +
      `${CHANNELS} channels, ${frames.length} frames, ${tasks.length} tasks of the main thread\n` +
      `${"milliseconds at the".padEnd(32)}  median    95 %    99 %   worst\n` +
      row("task, by the clock", clock) +
      row("task, of its own time", own) +
      row(
        "between two frames",
        frames.map((each) => each * 1_000),
      ) +
      `tasks of more than 50 ms: ${clock.filter((each) => each > 50_000).length} by the clock, ` +
      `${own.filter((each) => each > 50_000).length} of its own time\n`,
  );
}

/** From top to bottom. @returns milliseconds between frames */
function scroll(page: Page): Promise<readonly number[]> {
  return page.evaluate<readonly number[]>(
    `new Promise((done) => {
      const frames = [];
      let last = null;
      const step = (now) => {
        if (last !== null) frames.push(now - last);
        last = now;
        scrollBy(0, ${PIXELS_A_FRAME});
        const isAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 1;
        if (isAtEnd) done(frames);
        else requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    })`,
  );
}

/** The tasks of the thread that runs the page. */
function mainThreadTasks(events: readonly TraceEvent[]) {
  const isMain = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return events.flatMap(({ name, pid, tid, dur = 0, tdur = 0 }) => {
    const isTask = name === "ThreadControllerImpl::RunTask" && isMain.has(`${pid} ${tid}`);
    return isTask && dur >= SHORTEST_US ? [{ dur, tdur }] : [];
  });
}

/** The value below which a share of all is. */
function at(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
