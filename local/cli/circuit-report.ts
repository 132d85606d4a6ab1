import type { CircuitLink } from "../../lib/pipeline/networks/circuit-schema.ts";
import type { ExpandedCircuit } from "../../lib/pipeline/explain/expanded-weights.ts";
import { several } from "../several.ts";
import { percent, type Report, signed } from "./report.ts";
import { table } from "./terminal.ts";

/** A channel, and what is shown of what it is made of. */
export interface ShownCircuit extends ExpandedCircuit {
  /** Those whose weights add up to more than 0. */
  readonly exciting: readonly CircuitLink[];
  readonly inhibiting: readonly CircuitLink[];
}

export function circuitReport(circuit: ShownCircuit): Report {
  const { label, exciting, inhibiting, ...json } = circuit;
  const { layer, weighing, count } = json;
  const rows = [...exciting, ...inhibiting].map((source) => [
    nameOf(source),
    signed(source.sum),
    percent(source.share),
    `${source.kernel.rows} x ${source.kernel.columns}`,
  ]);
  return {
    text: [
      `${layer.name} ${label}: made of ${several(count, "channel")}, ${weightsOf(weighing)}; those that excite it most, and that inhibit it most`,
      rows.length > 0
        ? table(["Channel", "Weights", "Of all", "Kernel"], rows, [1, 2, 3])
        : "the weights of each add up to 0",
    ].join("\n"),
    json,
  };
}

/** Layers that are named one by one. */
const FEW = 3;

function weightsOf(weighing: ShownCircuit["weighing"]): string {
  if (weighing.length === 0) return "as they are";
  if (weighing.length > FEW) return `by the weights of ${weighing.length} layers`;
  return `by the weights of ${weighing.map(({ name }) => `'${name}'`).join(" and ")}`;
}

/** "layer2.0.conv1 #12" */
export function nameOf({ layer, channel, colour }: CircuitLink): string {
  return `${layer.name} ${colour ?? `#${channel}`}`;
}
