import { messageOf } from "../../lib/onnx/errors.ts";
import type { DatasetProgress, Looking } from "../../lib/pipeline/dataset/look-at-photographs.ts";
import type { LeftOut } from "../../lib/pipeline/dataset/photographs.ts";
import { several } from "../several.ts";
import type { Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { userMessage } from "./user-errors.ts";

/**
 * Shows how far the work on photographs is, a bar for each of its steps, and tells at its end of
 * those that were left out.
 *
 * @param photographs how many there are
 */
export async function showLooking<T>(
  photographs: number,
  terminal: Terminal,
  work: (looking: Pick<Looking, "onProgress" | "onLeftOut">) => Promise<T>,
): Promise<T> {
  const leftOut: LeftOut[] = [];
  let bar: WorkBar | null = null;
  const endBar = () => bar?.[Symbol.dispose]();
  const onProgress = ({ step, done, of }: DatasetProgress) => {
    if (done === 0) {
      endBar();
      bar = new WorkBar(terminal, step, of);
    }
    bar?.show(done);
  };
  let result: T;
  try {
    result = await work({ onProgress, onLeftOut: (each) => leftOut.push(each) });
  } finally {
    endBar();
  }
  const [first] = leftOut.toSorted((a, b) => a.photograph - b.photograph);
  if (first === undefined) return result;
  const reason = userMessage(first.error) ?? messageOf(first.error);
  terminal.note(`left out ${leftOut.length} of ${several(photographs, "photograph")}: ${reason}`);
  return result;
}
