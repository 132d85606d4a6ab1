import { decodeNpyNumbers } from "../../lib/image/npy.ts";
import { decodeUserFile } from "../../lib/image/user-file.ts";
import type { GivenInput } from "../../lib/networks/describe-input.ts";
import type { InputConstant } from "../../lib/onnx/input-constants.ts";
import { givenPixels, type InputFlags } from "./input-options.ts";

/** All that a command's flags say of a network's inputs. @throws UsageError for what is no .npy */
export async function givenInput(flags: InputFlags): Promise<GivenInput> {
  if (!flags.input) return givenPixels(flags);
  const constants: InputConstant[] = [];
  for (const { name, value } of flags.input) {
    const given =
      typeof value === "string"
        ? await decodeUserFile(value, decodeNpyNumbers)
        : { shape: null, values: value };
    constants.push({ name, ...given });
  }
  return { ...givenPixels(flags), constants };
}
