import { filesOf, type ModelFile, type NamedFile } from "../../networks/description.ts";
import { externalDataKey, modelKey } from "../keys.ts";

/** A file of a network in the bucket. */
export interface ModelObject extends NamedFile {
  readonly key: string;
}

/** The objects of a model: the files beside it, then the model itself. */
export function objectsOf(networkId: string, model: ModelFile): readonly ModelObject[] {
  return filesOf(model).map((file) => {
    const { name, sha256 } = file;
    const isModel = name === model.file;
    return {
      ...file,
      key: isModel ? modelKey(networkId, name) : externalDataKey(networkId, name, sha256),
    };
  });
}
