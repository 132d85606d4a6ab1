import type { Provider } from "../../autodiff/provider.ts";
import type { GraphRecipe } from "../graph/graph-recipe.ts";

/** A graph to be compiled once and run often. */
export interface SessionGraph {
  /** Equal for equal graphs, so that a session compiled for one is found again. */
  readonly key: string;
  readonly provider: Provider;
  /** Of a graph that runs once an image `false`: its memory is others'. @default true */
  readonly keepsMemory?: boolean;
  /** Of a graph whose outputs other threads are to have too: they lie in shared memory. */
  readonly sharesOutputs?: boolean;
  /** What it is built of, in the thread that compiles it. */
  readonly recipe: GraphRecipe;
}
