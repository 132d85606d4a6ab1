import type { Planes } from "../../image/raster.ts";
import type { Feeds } from "../runtime/session.ts";
import type { SessionGraph } from "../runtime/session-graph.ts";
import type { SessionWorker } from "../runtime/session-worker.ts";
import type { Batch } from "./batch-size.ts";
import type { AscentState, NoiseSource, Parameters, Starts } from "./state.ts";
import type { FrameHook } from "./task.ts";

/** The graph of a stage for a number of images, not yet compiled. */
export interface StageGraph extends SessionGraph, Batch {}

/** A stretch of an ascent that one graph runs: a level of the pyramid, or the whole of it. */
export interface Stage {
  /** From 1; the pyramid level in traces. */
  readonly number: number;
  readonly iterations: number;
  /** @param count of images that are to pass */
  readonly graph: (count: number) => StageGraph;
  /** The graph of the first iterations of images that began without a gradient; `null`: none. */
  readonly revival: ((count: number) => StageGraph) | null;
  /** An image's parameters as it enters the stage. */
  readonly begin: (parameters: Parameters) => Parameters;
  /** All that the graph wants besides parameters and trip count, for `count` iterations. */
  readonly feeds: (states: readonly AscentState[], done: number, count: number) => Feeds;
}

/** How a task is carried out: what its method gives the engine. */
export interface AscentPlan extends Starts {
  readonly stages: readonly Stage[];
  /** So many images in a row depend on each other, and go in one batch; 1: on none. */
  readonly together: number;
  /** In so many windows of what an iteration sees is an image looked at for its quality card. */
  readonly windows: number;
  /** What `imageOf` runs for an image as large as it is, if it runs a graph. */
  readonly imageGraph: SessionGraph | null;
  /**
   * The image that parameters stand for: planes in units of 0..255 less the network's mean.
   *
   * @param wantedSize how large it is wanted, as of `FrameHook`. @default as large as it is
   */
  readonly imageOf: (
    parameters: Parameters,
    session: SessionWorker,
    wantedSize?: FrameHook["wantedSize"],
  ) => Promise<Planes>;
  /** The finished image as an SVG document, where it is made of shapes. @default never */
  readonly svgOf?: (parameters: Parameters, session: SessionWorker) => Promise<string | null>;
}

/** An image as it enters a stage; one that is in it stays as it is. @param index of the stage */
export async function entering(
  plan: AscentPlan,
  state: AscentState,
  { index, noise }: { readonly index: number; readonly noise: NoiseSource },
): Promise<AscentState> {
  if (state.stage === index) return state;
  const before = state.stage < 0 ? await plan.start(state, noise) : state.parameters;
  return { ...state, stage: index, done: 0, parameters: plan.stages[index]!.begin(before) };
}
