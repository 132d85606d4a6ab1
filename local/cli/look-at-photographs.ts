import { messageOf } from "../../lib/onnx/errors.ts";
import type { LeftOut, Looking } from "../../lib/pipeline/dataset/look-at-photographs.ts";
import { several } from "../several.ts";
import type { Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { userMessage } from "./user-errors.ts";

/** What is shown while photographs are looked at. */
export interface ShownLooking {
  /** What is done, for the progress bar. */
  readonly label: string;
  readonly photographs: number;
  /** @default one per core */
  readonly threads?: number | undefined;
}

/**
 * Shows how far it is with photographs, and tells of those that were left out.
 *
 * @param look see `lookAtPhotographs`
 */
export async function showLooking<T extends { readonly leftOut: readonly LeftOut[] }>(
  { label, photographs, threads }: ShownLooking,
  terminal: Terminal,
  look: (looking: Looking) => Promise<T>,
): Promise<T> {
  let looked: T;
  {
    using bar = new WorkBar(terminal, label, photographs);
    looked = await look({ threads, onLooked: (done) => bar.show(done) });
  }
  const [first] = looked.leftOut;
  if (first === undefined) return looked;
  const reason = userMessage(first.error) ?? messageOf(first.error);
  const count = `${looked.leftOut.length} of ${several(photographs, "photograph")}`;
  terminal.note(`left out ${count}: ${reason}`);
  return looked;
}
