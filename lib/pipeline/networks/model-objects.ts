import { filesOf, type ModelFile, type NamedFile } from "../../networks/network-files.ts";
import { readExternalFile, readModelFile } from "../../onnx/model-files.ts";
import { externalDataKey, modelKey } from "../keys.ts";

/** A file of a network in the bucket. */
export interface ModelObject extends NamedFile {
  readonly key: string;
}

/** The bytes of one of a model's files, which lies beside the model. */
export function readModelObject(
  modelPath: string,
  model: ModelFile,
  name: string,
): Promise<Uint8Array> {
  return name === model.file ? readModelFile(modelPath) : readExternalFile(modelPath, name);
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
