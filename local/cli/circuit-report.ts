import type { CircuitLink } from "../../lib/pipeline/networks/circuit-schema.ts";
import type { NamedCircuit } from "../../lib/pipeline/request/named-circuit.ts";
import { several } from "../several.ts";
import { percent, type Report, signed } from "./report.ts";
import { table } from "./terminal.ts";

/** A channel, and what is shown of what it is made of. */
export interface ShownCircuit extends NamedCircuit {
  /** Those whose weights add up to more than 0. */
  readonly exciting: readonly CircuitLink[];
  readonly inhibiting: readonly CircuitLink[];
}

export function circuitReport(circuit: ShownCircuit): Report {
  const { label, exciting, inhibiting, ...json } = circuit;
  const { layer, weighing, count } = json;
  const weights =
    weighing.length === 0
      ? "as they are"
      : `by the weights of ${weighing.map(({ name }) => `'${name}'`).join(" and ")}`;
  const rows = [...exciting, ...inhibiting].map((source) => [
    nameOf(source),
    signed(source.sum),
    percent(source.share),
    `${source.kernel.rows} x ${source.kernel.columns}`,
  ]);
  return {
    text: [
      `${layer.name} ${label}: made of ${several(count, "channel")}, ${weights}; those that excite it most, and that inhibit it most`,
      rows.length > 0
        ? table(["Channel", "Weights", "Of all", "Kernel"], rows, [1, 2, 3])
        : "the weights of each add up to 0",
    ].join("\n"),
    json,
  };
}

/** "layer2.0.conv1 #12" */
export function nameOf({ layer, channel, colour }: CircuitLink): string {
  return `${layer.name} ${colour ?? `#${channel}`}`;
}
