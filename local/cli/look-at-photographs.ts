import type { Planes } from "../../lib/image/raster.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { several } from "../several.ts";
import { planesFor } from "./photographs.ts";
import type { Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { userMessage, UsageError } from "./user-errors.ts";

/** How photographs are looked at. */
export interface Looking {
  /** As which they are seen. */
  readonly network: NetworkModel;
  /** What is done, for the progress bar. */
  readonly label: string;
  /** @default one per core */
  readonly threads?: number | undefined;
}

/** A photograph as its network sees it. */
export interface SeenPhoto {
  readonly path: string;
  readonly planes: Planes;
  readonly engine: AscentEngine;
}

/**
 * Does something with each photograph, several at a time. Files that are no images are left out,
 * which is told.
 *
 * @returns what became of the others, in their order
 * @throws UsageError where all are left out
 */
export async function lookAtPhotographs<T>(
  paths: readonly string[],
  { network, label, threads }: Looking,
  terminal: Terminal,
  look: (photo: SeenPhoto) => Promise<T>,
): Promise<readonly T[]> {
  const problems: string[] = [];
  const readable = async (path: string): Promise<Planes | null> => {
    try {
      return await planesFor(network, path);
    } catch (error) {
      const problem = userMessage(error);
      if (problem === null) throw error;
      problems.push(problem);
      return null;
    }
  };
  const seen: T[] = [];
  {
    await using engine = new AscentEngine({ threads });
    using bar = new WorkBar(terminal, label, paths.length);
    let done = 0;
    const lookAt = async (path: string): Promise<readonly T[]> => {
      const planes = await readable(path);
      const of = planes === null ? [] : [await look({ path, planes, engine })];
      bar.show(++done);
      return of;
    };
    seen.push(...(await mapConcurrently(paths, lookAt, engine.threads)).flat());
  }
  const [first] = problems.toSorted();
  if (first === undefined) return seen;
  const leftOut = `left out ${problems.length} of ${several(paths.length, "photograph")}: ${first}`;
  if (problems.length === paths.length) throw new UsageError(leftOut);
  terminal.note(leftOut);
  return seen;
}
