import { ImageError } from "../../image/errors.ts";
import type { Planes, Size } from "../../image/raster.ts";
import { NetworkError } from "../../networks/errors.ts";
import { AscentEngine } from "../../optvis/ascent/engine.ts";
import { seenPlanes, takesPhotographs } from "../../optvis/ascent/network-planes.ts";
import { mapConcurrently } from "../concurrency.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import type { Photograph } from "./photographs.ts";

/** How photographs are looked at. */
export interface Looking {
  /** How many together. @default one per core */
  readonly threads?: number | undefined;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how many photographs are done, those that were left out too. */
  readonly onLooked?: ((done: number) => void) | undefined;
  /** Hears of each that is left out, at once. */
  readonly onLeftOut?: ((leftOut: LeftOut) => void) | undefined;
}

/** A photograph that cannot be read. */
export interface LeftOut {
  /** Its number, from 0. */
  readonly photograph: number;
  readonly error: Error;
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
  { threads, signal, onLooked, onLeftOut }: Looking,
  look: (photo: SeenPhoto) => Promise<T>,
): Promise<Looked<T>> {
  checkTakesPhotographs(network);
  await using engine = new AscentEngine({ threads });
  const leftOut: LeftOut[] = [];
  let done = 0;
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
    onLooked?.(++done);
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
  throw new NetworkError(
    `${description.id}: its images have ${model.planes.length} planes that are no colours, which no photograph has`,
  );
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
