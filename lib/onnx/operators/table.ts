import type { Node } from "../model.ts";
import { arithmetics } from "./arithmetic.ts";
import { attentions } from "./attention.ts";
import { controlFlow } from "./control-flow.ts";
import { convolutions } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { experiments } from "./experimental.ts";
import { extensions } from "./extend.ts";
import { spectra } from "./fourier.ts";
import { fusions } from "./fused.ts";
import { layouts } from "./layout.ts";
import { logic } from "./logic.ts";
import { matrices } from "./matrix.ts";
import { normalisations } from "./normalisation.ts";
import type { Operator } from "./operator.ts";
import { pools } from "./pool.ts";
import { quantisations } from "./quantise.ts";
import { recurrences } from "./recurrent.ts";
import { reductions } from "./reduce.ts";
import { resamplings } from "./resample.ts";
import { selections } from "./select.ts";
import { sequences } from "./sequence.ts";
import { sources } from "./source.ts";

/**
 * Every operator we know, by its ONNX name; of another domain than ONNX's own after the domain's
 * name, `com.microsoft.QGemm`. All themes together.
 */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...arithmetics,
    ...attentions,
    ...controlFlow,
    ...convolutions,
    ...elementwise,
    ...experiments,
    ...extensions,
    ...spectra,
    ...fusions,
    ...layouts,
    ...logic,
    ...matrices,
    ...normalisations,
    ...pools,
    ...quantisations,
    ...recurrences,
    ...reductions,
    ...resamplings,
    ...selections,
    ...sequences,
    ...sources,
  }),
);

/** What we know of a node's operator. */
export function operatorOf({ domain, op }: Pick<Node, "domain" | "op">): Operator | undefined {
  return OPERATORS.get(domain === "" ? op : `${domain}.${op}`);
}
