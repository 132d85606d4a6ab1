import { intAttribute, requiredInput, standardNode } from "../node.ts";
import { sameAsInput } from "./elementwise.ts";
import type { Operators } from "./operator.ts";
import { type Upgrade, withoutAttributes } from "./upgrade.ts";

/**
 * Softmax, LogSoftmax and Hardmax before opset 13 see a matrix: the axes before `axis` (default 1)
 * are its rows, all others together its columns. From 13 on they work along one axis, so that only
 * `axis` = the last one means the same; otherwise the matrix is made and undone around the
 * operator.
 */
const alongColumns: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 13) return [node];
  const [x, y] = [requiredInput(node, 0), node.outputs[0]!];
  const axis = intAttribute(node, "axis", 1);
  const bare = withoutAttributes(node, "axis");
  const alongLast = { ...bare, attributes: { ...bare.attributes, axis: -1 } };
  const rank = rewriting.rankOf(x);
  if (axis === -1 || (rank !== null && axis === rank - 1)) return [alongLast];
  const fresh = (part: string) => rewriting.fresh(`${y}_${part}`);
  const [matrix, result, shape] = [fresh("matrix"), fresh("result"), fresh("shape")];
  return [
    standardNode({
      op: "Flatten",
      name: `${y}_flatten`,
      inputs: [x],
      outputs: [matrix],
      attributes: { axis },
    }),
    { ...alongLast, name: node.name || y, inputs: [matrix], outputs: [result] },
    standardNode({ op: "Shape", name: `${y}_shape`, inputs: [x], outputs: [shape] }),
    standardNode({ op: "Reshape", name: `${y}_reshape`, inputs: [result, shape], outputs: [y] }),
  ];
};

export const softmaxes: Operators = {
  Softmax: { infer: sameAsInput, upgrade: alongColumns },
  LogSoftmax: { infer: sameAsInput, upgrade: alongColumns },
  Hardmax: { infer: sameAsInput, upgrade: alongColumns },
};
