import type { Node, Value } from "../../onnx/model.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { concatVjp } from "../rules/concat.ts";
import { maxPoolVjp } from "../rules/max-pool.ts";
import { isStandard, producersByValue, readersByValue } from "../../onnx/readers.ts";

/**
 * ReLUs that leave their masks to what reads them, a MaxPool or a Concat of ReLUs:
 *
 *     R = max(X, 0),  Y = maxpool(R) or maxpool(LRN(R)) or [R1, R2, ...]
 *     dR = the reader's pullback of (dY where Y > 0, else 0),  dX = dR
 *
 * A pool's Y > 0 exactly where the chosen R > 0, so the mask may come before the way back through
 * the pool instead of after it. There it is on the pool's output, which the stride has made
 * smaller: a quarter of the work for stride 2. LRN on the way changes nothing: its output is zero
 * where its input is, and there it passes on no more than comes in, dR = dY / D^beta. In a Concat
 * it is one mask for all parts, and a Concat that only a MaxPool reads leaves it to the pool in
 * turn.
 *
 * @param stops values whose own cotangents are asked for; such an R keeps its mask, for what is
 *   added to its cotangent has not come through the reader's
 */
export function deferredReluMasks(
  nodes: readonly Node[],
  stops: readonly Value[],
): ReadonlyMap<Node, VjpRule> {
  const readers = readersByValue(nodes);
  const producers = producersByValue(nodes);
  /** What alone reads the one output of a node. */
  const onlyReader = ({ outputs: [value = ""] }: Node) => {
    const [reader, ...others] = readers.get(value) ?? [];
    return others.length > 0 || stops.includes(value) ? undefined : reader;
  };
  /** The pool that alone reads a node, through any number of LRNs. */
  const poolBehind = (node: Node): Node | undefined => {
    const reader = onlyReader(node);
    if (isStandard(reader, "LRN")) return poolBehind(reader);
    return isStandard(reader, "MaxPool") ? reader : undefined;
  };
  const isOfRelus = (concat: Node) =>
    concat.inputs.every((value) => {
      const relu = producers.get(value);
      return isStandard(relu, "Relu") && onlyReader(relu) === concat;
    });

  const rules = new Map<Node, VjpRule>();
  for (const relu of nodes.filter((node) => isStandard(node, "Relu"))) {
    const reader = onlyReader(relu);
    const joined = isStandard(reader, "Concat") && isOfRelus(reader) ? reader : undefined;
    const pool = poolBehind(joined ?? relu);
    if (!joined && !pool) continue;
    rules.set(relu, unmaskedReluVjp);
    if (pool) rules.set(pool, maskedMaxPoolVjp);
    else if (joined) rules.set(joined, maskedConcatVjp);
  }
  return rules;
}

/** A ReLU whose pullback leaves the mask out. */
export const unmaskedReluVjp: VjpRule = (context) => ({
  ...oneOutput(context, emitForward(context), (dY) => [dY]),
  isRectified: true,
});

/** A reader of ReLUs whose pullback begins with their mask. */
const masked =
  (rule: VjpRule): VjpRule =>
  (context) => {
    const { forms, mul } = context;
    const reader = rule(context);
    const pullback = ([dY]: readonly (Value | null)[]) =>
      reader.pullback([dY ? mul(dY, forms.isPositive(reader.outputs[0]!)) : null]);
    return { ...reader, pullback };
  };

export const maskedMaxPoolVjp: VjpRule = masked(maxPoolVjp);

const maskedConcatVjp: VjpRule = masked(concatVjp);
