import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { encodeModelApart } from "../../onnx/encode.ts";
import { messageOf } from "../../onnx/errors.ts";
import { type GraphRecipe, graphOf } from "../graph/graph-recipe.ts";
import { RuntimeError } from "./errors.ts";

/** What the file beside the model's is called. */
const WEIGHTS = "weights";

/** A graph on disk. */
export interface ModelFile {
  /** Of the model; its weights lie beside it. */
  readonly path: string;
  /** Of both files. */
  readonly bytes: number;
}

/**
 * A graph as files for as long as `use` takes, its weights apart.
 *
 * ONNX Runtime maps such weights into memory, and lets go of each as soon as it has it in a layout
 * of its own. Of a model that it is given as bytes it keeps a copy of all weights inside a Loop for
 * as long as the session lives.
 *
 * @throws as `graphOf` and `use` do; RuntimeError if the files cannot be written
 */
export async function withModelFile<T>(
  recipe: GraphRecipe,
  use: (file: ModelFile) => Promise<T>,
): Promise<T> {
  const written = await writeGraph(recipe);
  try {
    return await use(written);
  } finally {
    await rm(written.folder, { recursive: true, force: true }).catch(ignoreMapped);
  }
}

/** A function of its own, so that nothing of the graph outlives it. */
async function writeGraph(recipe: GraphRecipe): Promise<ModelFile & { readonly folder: string }> {
  const { model, weights } = encodeModelApart(graphOf(recipe), WEIGHTS);
  const bytes = weights.reduce((sum, part) => sum + part.length, model.length);
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(tmpdir(), "dreamgrid-graph-"));
    const path = join(folder, "model.onnx");
    await writeFile(join(folder, WEIGHTS), weights);
    await writeFile(path, model);
    return { folder, path, bytes };
  } catch (error) {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
    throw new RuntimeError(
      `a graph of ${Math.ceil(bytes / 1e6)} MB cannot be written to the folder for temporary files: ` +
        `${messageOf(error)}; make room there, or name another folder in TMPDIR`,
      { cause: error },
    );
  }
}

/** Windows keeps a file that is mapped into memory; what is left there is a temporary file. */
function ignoreMapped(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!["EBUSY", "EPERM"].includes(code)) throw error;
}
