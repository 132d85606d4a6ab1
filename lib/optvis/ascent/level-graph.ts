import { encodeModel } from "../../onnx/encode.ts";
import { ascentGraph } from "../graph/ascent-graph.ts";
import { layerPass } from "../graph/layer-pass.ts";
import type { SessionGraph } from "../runtime/session-worker.ts";
import { batchSize } from "./batch-size.ts";
import type { LevelPlan } from "./plan-levels.ts";
import type { AscentTask } from "./task.ts";

/** The ascent graph of one level, not yet compiled. */
export interface LevelGraph extends SessionGraph {
  /** Images in each run. */
  readonly batch: number;
}

/** The ascent graph of a level that `count` images are to pass. */
export function levelGraph(task: AscentTask, level: LevelPlan, count: number): LevelGraph {
  const { network, layer, objective, provider, start } = task;
  const batch = batchSize(task, level, count);
  const { height, width } = level.crops ?? level.size;
  const crops = level.crops && {
    imageSize: level.size,
    plan: level.crops,
    blend: start.kind === "given" ? ("uniform" as const) : ("feathered" as const),
  };
  const shape = [batch, 3, height, width] as const;
  const setting = [layer.value, shape, objective, network.scale, crops];
  const key = JSON.stringify([network.fingerprint, provider, ...setting]);
  let bytes: Uint8Array | null = null;
  const model = (): Uint8Array => {
    if (bytes) return bytes;
    const pass = layerPass(network.model, layer, shape);
    bytes = encodeModel(ascentGraph({ pass, objective, provider, scale: network.scale, crops }));
    return bytes;
  };
  return { key, provider, batch, model };
}
