import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { DriverWatch } from "../../../lib/optvis/runtime/driver-watch.ts";
import { leaveProcess } from "../../../lib/optvis/runtime/leave-process.ts";
import type { SessionGraph } from "../../../lib/optvis/runtime/session-graph.ts";
import { SessionWorker } from "../../../lib/optvis/runtime/session-worker.ts";

/** Renders on a driver that hangs, says what came of it, and ends as its first argument says. */
const [how, program, pipe] = process.argv.slice(2);
const hangs = new Int32Array(new SharedArrayBuffer(4));
const thread = new Worker(program!, { workerData: { pipe, hangs } });
const strokes: (() => void)[] = [];
globalThis.setInterval = ((stroke: () => void) => {
  strokes.push(stroke);
  return { unref: () => undefined };
}) as never;
const watch = new DriverWatch({ leastSeconds: 100, factor: 20 });
const worker = new SessionWorker({ start: () => thread, watch });
const recipe = { kind: "graph", graph: { nodes: [] } as never } as const;
const graph: SessionGraph = { key: "a", provider: "webgpu", recipe };
const running = worker.run(graph, {}).catch((error: unknown) => error);
// the time is up when the thread hangs: one on its way there could crash where the process ends
while (Atomics.load(hangs, 0) === 0) await sleep(1);
for (let i = 0; i < 20; i++) strokes[0]!();
const problem = await running;
await worker.close();
process.stdout.write(`${String(problem)}\n`);
process.exitCode = 5;
if (how === "at process.exit") process.exit(6);
if (how?.startsWith("where")) {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  leaveProcess(7, { graceSeconds: 0.1, end: () => void Atomics.wait(nothing, 0, 0) });
}
