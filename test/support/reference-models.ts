import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/**
 * Path of a model that is not part of the repository, or `null` where it is not at hand: looked for
 * in the folders of DREAMGRID_MODELS, then in ../shared/models.
 */
export function referenceModel(id: string): string | null {
  const configured = (process.env["DREAMGRID_MODELS"] ?? "").split(delimiter).filter(Boolean);
  const folders = [...configured, resolve(import.meta.dirname, "../../../shared/models")];
  return folders.map((folder) => join(folder, id, `${id}.onnx`)).find(existsSync) ?? null;
}
