import type { Node, Value } from "../../onnx/model.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { maxPoolVjp } from "../rules/max-pool.ts";
import { isStandard, readersByValue } from "./readers.ts";

/**
 * Each ReLU that only a MaxPool reads, and that pool: the pool then applies the ReLU's mask.
 *
 *     R = max(X, 0),  Y = maxpool(R)
 *     dR = the pool's pullback of (dY where Y > 0, else 0),  dX = dR
 *
 * Y > 0 exactly where the chosen R > 0, so the mask may come before the way back through the pool
 * instead of after it. There it is on the pool's output, which the stride has made smaller: a
 * quarter of the work for stride 2.
 *
 * @param stops values whose own cotangents are asked for; such an R keeps its mask, for what is added
 *   to its cotangent has not come through the pool's
 */
export function relusBeforeMaxPool(
  nodes: readonly Node[],
  stops: readonly Value[] = [],
): ReadonlyMap<Node, VjpRule> {
  const readers = readersByValue(nodes);
  const rules = new Map<Node, VjpRule>();
  for (const relu of nodes) {
    if (!isStandard(relu, "Relu") || stops.includes(relu.outputs[0]!)) continue;
    const [pool, ...others] = readers.get(relu.outputs[0]!) ?? [];
    if (!isStandard(pool, "MaxPool") || others.length > 0) continue;
    rules.set(relu, unmaskedReluVjp).set(pool, maskedMaxPoolVjp);
  }
  return rules;
}

/** The ReLU of a pair: its pullback leaves the mask out. */
export const unmaskedReluVjp: VjpRule = (context) => ({
  ...oneOutput(context, emitForward(context), (dY) => [dY]),
  isRectified: true,
});

/** The MaxPool of a pair: its pullback begins with the ReLU's mask. */
export const maskedMaxPoolVjp: VjpRule = (context) => {
  const { forms, mul } = context;
  const pool = maxPoolVjp(context);
  return {
    ...pool,
    pullback: ([dY]) => {
      const masked = dY ? mul(dY, forms.isPositive(pool.outputs[0]!)) : null;
      return pool.pullback([masked]);
    },
  };
};
