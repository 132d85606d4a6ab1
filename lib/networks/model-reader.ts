import type { Model } from "../onnx/model.ts";
import { describeModel } from "./checksum.ts";
import { classNamesIn } from "./class-names-in-file.ts";
import { type DescribedInput, describeInput, type GivenInput } from "./describe-input.ts";
import { huggingFaceFiles } from "./hugging-face.ts";
import type { ModelFile } from "./network-files.ts";

/** A model file that has no description yet. */
export interface NewModel {
  readonly path: string;
  /** As `identify` found it. */
  readonly file: ModelFile;
}

/**
 * Reads model files that are seen for the first time. A large one takes seconds, so that who has to
 * answer others lets a thread do it.
 */
export interface ModelReader {
  /**
   * A model file and the files beside it, as they are now.
   *
   * @param name what the description is to call it
   * @throws ModelError if one of them cannot be read, or lies outside the model's folder
   */
  identify(path: string, name: string): Promise<ModelFile>;
  /** @throws ModelError if it cannot be read; NetworkError if it takes no image, or not as given */
  describe(model: NewModel, given: GivenInput): Promise<DescribedModel>;
}

export interface DescribedModel extends DescribedInput {
  /** Names of its classes, channel 1 first; `null` where neither the file says them nor one beside it. */
  readonly labels: readonly string[] | null;
}

/** What there is to say of a model that is read from a path. @throws NetworkError as `describeInput` */
export async function describeRead(
  model: Model,
  given: GivenInput,
  path: string,
): Promise<DescribedModel> {
  const beside = await huggingFaceFiles(path);
  const described = describeInput(model, given, path, beside.pixels);
  return { ...described, labels: classNamesIn(model) ?? beside.labels };
}

/** Reads in the thread that asks. */
export const readHere: ModelReader = {
  identify: describeModel,
  async describe({ path }, given) {
    const { readModel } = await import("../onnx/decode.ts");
    return describeRead(await readModel(path, given), given, path);
  },
};
