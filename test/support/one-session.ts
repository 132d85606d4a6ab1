import { floatTensor } from "../../lib/onnx/tensor.ts";
import { SessionWorker } from "../../lib/optvis/runtime/session-worker.ts";
import { node, sketch } from "./onnx-writer.ts";

/** Runs one graph in a thread of sessions, and says what came out. */
const graph = sketch({ inputs: { x: [2] }, nodes: [node("Neg", "x", "y")], outputs: ["y"] });
const worker = new SessionWorker();
const { y } = await worker.run(
  { key: "negative", provider: "cpu", recipe: { kind: "graph", graph } },
  { x: floatTensor([2], [1, 2]) },
);
await worker.close();
process.stdout.write(JSON.stringify([...(y!.data as Float32Array)]));
