import type { Node, Value } from "../../onnx/model.ts";
import type { VjpRule } from "../rule.ts";
import { padsBeforeConv } from "./pad-before-conv.ts";
import { relusBeforeMaxPool } from "./relu-before-max-pool.ts";

/**
 * Nodes whose neighbours allow a better form, each with the rule in place of its operator's.
 *
 * @param stops values whose own cotangents are asked for
 */
export function rewrittenRules(
  nodes: readonly Node[],
  stops: readonly Value[] = [],
): ReadonlyMap<Node, VjpRule> {
  return new Map([...relusBeforeMaxPool(nodes, stops), ...padsBeforeConv(nodes)]);
}
