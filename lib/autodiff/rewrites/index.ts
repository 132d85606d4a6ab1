import type { Node } from "../../onnx/model.ts";
import type { VjpRule } from "../rule.ts";
import { padsBeforeConv } from "./pad-before-conv.ts";
import { relusBeforeMaxPool } from "./relu-before-max-pool.ts";

/** Nodes whose neighbours allow a better form, each with the rule in place of its operator's. */
export function rewrittenRules(nodes: readonly Node[]): ReadonlyMap<Node, VjpRule> {
  return new Map([...relusBeforeMaxPool(nodes), ...padsBeforeConv(nodes)]);
}
