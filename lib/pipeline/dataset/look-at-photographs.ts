import { ImageError } from "../../image/errors.ts";
import type { Planes, Size } from "../../image/raster.ts";
import { NetworkError } from "../../networks/errors.ts";
import { AscentEngine } from "../../optvis/ascent/engine.ts";
import { noPhotograph, seenPlanes, takesPhotographs } from "../../optvis/ascent/network-planes.ts";
import { mapConcurrently } from "../concurrency.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import type { LeftOut, Photograph } from "./photographs.ts";

/** How far the work on photographs is. */
export interface DatasetProgress {
  /** What is done, for people. */
  readonly step:
    | "looking at photographs"
    | "factoring activations"
    | "looking for concepts"
    | "laying out the atlas";
  /** Of the step: photographs, those that were left out too; iterations; or passes. */
  readonly done: number;
  readonly of: number;
}

/** How photographs are looked at. */
export interface Looking {
  /** @default looking at photographs */
  readonly step?: DatasetProgress["step"] | undefined;
  /** How many together. @default one per core */
  readonly threads?: number | undefined;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of each step from its beginning. */
  readonly onProgress?: ((progress: DatasetProgress) => void) | undefined;
  /** Hears of each that is left out, at once. */
  readonly onLeftOut?: ((leftOut: LeftOut) => void) | undefined;
}

/** A photograph as its network sees it. */
export interface SeenPhoto {
  /** Its number, from 0. */
  readonly photograph: number;
  /** Of the photograph itself. */
  readonly size: Size;
  readonly planes: Planes;
  readonly engine: AscentEngine;
}

/** What became of photographs, in their order. */
export interface Looked<T> {
  readonly seen: readonly T[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Does something with each photograph, several at a time. Files that are no images are left out.
 *
 * @throws NetworkError as `checkTakesPhotographs`; ImageError where all are left out
 */
export async function lookAtPhotographs<T>(
  photographs: readonly Photograph[],
  network: PhotographViewer,
  { step = "looking at photographs", threads, signal, onProgress, onLeftOut }: Looking,
  look: (photo: SeenPhoto) => Promise<T>,
): Promise<Looked<T>> {
  checkTakesPhotographs(network);
  await using engine = new AscentEngine({ threads });
  const leftOut: LeftOut[] = [];
  const tell = (done: number) => onProgress?.({ step, done, of: photographs.length });
  let done = 0;
  tell(done);
  const lookAt = async (photograph: number): Promise<readonly T[]> => {
    signal?.throwIfAborted();
    const read = await readable(photographs[photograph]!, network);
    let seen: readonly T[] = [];
    if (read instanceof Error) {
      leftOut.push({ photograph, error: read });
      onLeftOut?.({ photograph, error: read });
    } else {
      seen = [await look({ photograph, ...read, engine })];
    }
    tell(++done);
    return seen;
  };
  const seen = await mapConcurrently([...photographs.keys()], lookAt, engine.threads);
  const inOrder = leftOut.toSorted((a, b) => a.photograph - b.photograph);
  const [first] = inOrder;
  if (first !== undefined && inOrder.length === photographs.length) {
    const { message } = first.error;
    throw new ImageError(`none of the photographs can be read: ${message}`, { cause: first.error });
  }
  return { seen: seen.flat(), leftOut: inOrder };
}

/** Whom photographs are shown. */
export type PhotographViewer = Pick<AnalysedNetwork, "description" | "model">;

/** @throws NetworkError if a network sees no photographs */
export function checkTakesPhotographs({ description, model }: PhotographViewer): void {
  if (takesPhotographs(model)) return;
  throw new NetworkError(`${description.id}: its images have ${noPhotograph(model)}`);
}

/** @returns why not, where it cannot be read */
async function readable({ read }: Photograph, { model }: PhotographViewer) {
  try {
    const picture = await read();
    const { width, height } = picture;
    return { size: { width, height }, planes: await seenPlanes(picture, model) };
  } catch (error) {
    // any other is a fault of ours
    if (error instanceof ImageError || (error instanceof Error && "code" in error)) return error;
    throw error;
  }
}
