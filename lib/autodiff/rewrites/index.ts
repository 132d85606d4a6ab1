import type { Node, Value } from "../../onnx/model.ts";
import type { VjpRule } from "../rule.ts";
import { padsBeforeConv } from "./pad-before-conv.ts";
import { redirectedRelus } from "./redirected-relu.ts";
import { deferredReluMasks } from "./deferred-relu-masks.ts";

/** Which way back leads through a ReLU: its gradient, or out of where it is flat. */
export type ReluWay = "gradient" | "redirected";

/**
 * Nodes whose neighbours allow a better form, each with the rule in place of its operator's.
 *
 * @param stops values whose own cotangents are asked for
 */
export function rewrittenRules(
  nodes: readonly Node[],
  stops: readonly Value[],
  relu: ReluWay = "gradient",
): ReadonlyMap<Node, VjpRule> {
  const relus = relu === "redirected" ? redirectedRelus(nodes) : deferredReluMasks(nodes, stops);
  return new Map([...relus, ...padsBeforeConv(nodes)]);
}
