import { arithmetics } from "./arithmetic.ts";
import { attentions } from "./attention.ts";
import { convolutions } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { extensions } from "./extend.ts";
import { layouts } from "./layout.ts";
import { logic } from "./logic.ts";
import { matrices } from "./matrix.ts";
import { normalisations } from "./normalisation.ts";
import type { Operator } from "./operator.ts";
import { pools } from "./pool.ts";
import { reductions } from "./reduce.ts";
import { resamplings } from "./resample.ts";
import { selections } from "./select.ts";
import { sources } from "./source.ts";

/** Every operator we know, by its ONNX name: all themes together. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...arithmetics,
    ...attentions,
    ...convolutions,
    ...elementwise,
    ...extensions,
    ...layouts,
    ...logic,
    ...matrices,
    ...normalisations,
    ...pools,
    ...reductions,
    ...resamplings,
    ...selections,
    ...sources,
  }),
);
