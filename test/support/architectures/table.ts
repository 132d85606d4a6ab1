import type { Architecture } from "./architecture.ts";
import { type Network, threeLayers } from "./check.ts";
import type { Style } from "./naming.ts";

const EXPORTERS: Readonly<Record<Style, string>> = {
  torchscript: "PyTorch, TorchScript",
  dynamo: "PyTorch, dynamo",
  keras: "Keras",
  paddle: "PaddlePaddle",
  caffe: "Caffe",
};

interface Row {
  readonly each: Architecture;
  readonly network: Network;
}

/** The architectures as a table of a README. */
export function architectureTable(rows: readonly Row[]): string {
  const titles = [
    "architecture",
    "as written by",
    "opset",
    "also",
    "layers",
    "renderable",
    "early, middle and late",
  ];
  const cells = rows.map(({ each, network }) => [
    each.name,
    EXPORTERS[each.style],
    `${each.opset}`,
    (each.traits ?? []).join(", "),
    `${network.layers.length}`,
    `${network.renderable.length}`,
    threeLayers(network)
      .map(({ name }) => `\`${name}\``)
      .join(", "),
  ]);
  const lines = [titles, titles.map(() => "---"), ...cells];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}
