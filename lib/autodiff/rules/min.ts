import { extremum } from "../extremum.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Elementwise minimum: Y = min(A, B, ...), with broadcasting.
 *
 *     dB = dY where A > B, else 0;   dA = dY - dB;   three and more pairwise, from the left
 *
 * Y: the broadcast shape of all. Of equal values the first takes the whole gradient (PyTorch would
 * share it), as in max pooling.
 *
 * Source: ONNX operator Min-13.
 */
export const minVjp: VjpRule = (context) =>
  extremum(context, (a, b) => context.forms.isGreater(a, b));
