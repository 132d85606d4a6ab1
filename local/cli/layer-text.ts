import type { LayerFacts } from "../../lib/pipeline/networks/layer-facts-schema.ts";
import { table } from "./terminal.ts";

/** A layer's node in lines: what it is, its attributes, what it reads and makes. */
export function layerText({ index, name, type, node, ...counts }: LayerFacts): string {
  const { learnableCount, multiplyAdds } = counts;
  const head = `layer ${index} '${name}': ${type}`;
  if (node === null) return `${head}, the image itself`;
  const { operator, domain, opset, attributes, inputs, outputs } = node;
  const rows = [
    ...attributes.map((each) => ["attribute", each.name, each.kind, attributeText(each), ""]),
    ...inputs.map(({ name: value, shape, constant }) => [
      "input",
      value || "(left out)",
      constant?.type ?? "",
      shape?.join(" x ") ?? "",
      constant === null ? "" : constantText(constant),
    ]),
    ...outputs
      .filter((output) => output.name !== "")
      .map((output) => ["output", output.name, "", output.shape?.join(" x ") ?? "", ""]),
  ];
  return [
    head,
    `in the file: ${operator} of ${domain}${opset === null ? "" : ` ${opset}`}${node.name && `, '${node.name}'`}`,
    [
      `${learnableCount.toLocaleString("en-US")} learnables`,
      ...(multiplyAdds === null ? [] : [`${multiplyAdds.toLocaleString("en-US")} multiply-adds`]),
    ].join(", "),
    "",
    table(["", "Name", "Type", "Value or Size", "Holds"], rows, []),
  ].join("\n");
}

type NodeFacts = NonNullable<LayerFacts["node"]>;

function attributeText({ value, left }: NodeFacts["attributes"][number]): string {
  const text = Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
  return left > 0 ? `${text}, and ${left} more` : text;
}

function constantText({
  values,
  statistics,
}: NonNullable<NodeFacts["inputs"][number]["constant"]>): string {
  if (values !== null) return values.join(", ");
  if (statistics === null) return "";
  const { min, mean, max, deviation } = statistics;
  const [least, middle, most, spread] = [min, mean, max, deviation].map((each) =>
    each.toPrecision(4),
  );
  return `${least} to ${most}, mean ${middle}, deviation ${spread}`;
}
