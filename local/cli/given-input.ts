import { ImageError } from "../../lib/image/errors.ts";
import { decodeNpyNumbers } from "../../lib/image/npy.ts";
import type { GivenInput } from "../../lib/networks/describe-input.ts";
import type { InputConstant } from "../../lib/onnx/input-constants.ts";
import { givenPixels, type InputFlags } from "./input-options.ts";
import { readUserFile } from "./read-user-file.ts";
import { UsageError } from "./user-errors.ts";

/** All that a command's flags say of a network's inputs. @throws UsageError for what is no .npy */
export async function givenInput(flags: InputFlags): Promise<GivenInput> {
  if (!flags.input) return givenPixels(flags);
  const constants: InputConstant[] = [];
  for (const { name, path } of flags.input) {
    try {
      constants.push({ name, ...decodeNpyNumbers(await readUserFile(path)) });
    } catch (error) {
      if (error instanceof ImageError) throw new UsageError(`${path}: ${error.message}`);
      throw error;
    }
  }
  return { ...givenPixels(flags), constants };
}
