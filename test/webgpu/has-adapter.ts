import { encodeModel } from "../../lib/onnx/encode.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { Session } from "../../lib/optvis/runtime/session.ts";

/**
 * Ends with 1, and says why, where ONNX Runtime opens no WebGPU adapter: in a process of its own,
 * which a broken driver ends.
 */
const graph = new GraphBuilder();
const y = graph.emit("Neg", [graph.input("x", "float32", [1])]);
try {
  await Session.create(encodeModel(graph.build("negative", [["y", y]])), "webgpu");
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
