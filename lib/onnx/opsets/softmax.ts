import { intAttribute } from "../node.ts";
import { makeNode, type Upgrade, withoutAttributes } from "./upgrade.ts";

/**
 * Softmax, LogSoftmax and Hardmax before opset 13 see a matrix: the axes before `axis` (default 1)
 * are its rows, all others together its columns. From 13 on they work along one axis, so that only
 * `axis` = the last one means the same; otherwise the matrix is made and undone around the operator.
 */
const alongColumns: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 13) return [node];
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const axis = intAttribute(node, "axis", 1);
  const bare = withoutAttributes(node, "axis");
  const rank = rewriting.rankOf(x);
  if (axis === -1 || (rank !== null && axis === rank - 1)) {
    return [{ ...bare, attributes: { ...bare.attributes, axis: -1 } }];
  }
  const [matrix, result, shape] = ["matrix", "result", "shape"].map((part) =>
    rewriting.fresh(`${y}_${part}`),
  );
  return [
    makeNode(`${y}_flatten`, "Flatten", [x], [matrix!], { axis }),
    {
      ...bare,
      name: node.name || y,
      inputs: [matrix!],
      outputs: [result!],
      attributes: { ...bare.attributes, axis: -1 },
    },
    makeNode(`${y}_shape`, "Shape", [x], [shape!]),
    makeNode(`${y}_reshape`, "Reshape", [result!, shape!], [y]),
  ];
};

export const softmaxUpgrades: Readonly<Record<string, Upgrade>> = {
  Softmax: alongColumns,
  LogSoftmax: alongColumns,
  Hardmax: alongColumns,
};
