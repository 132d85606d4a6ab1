// A thread of sessions whose driver hangs: a run never comes back from native code, where nothing
// can interrupt it. Compiling is answered at once.
import { openSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

parentPort.on("message", ({ kind }) => {
  if (kind === "run") {
    Atomics.store(workerData.hangs, 0, 1);
    // a pipe that nobody writes to
    openSync(workerData.pipe, "r");
  }
  parentPort.postMessage({ kind: "done", outputs: {}, released: [] });
});
