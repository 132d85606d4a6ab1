import { extremum } from "../extremum.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Elementwise maximum: Y = max(A, B, ...), with broadcasting.
 *
 *     dB = dY where B > A, else 0;   dA = dY - dB;   three and more pairwise, from the left
 *
 * Y: the broadcast shape of all. Of equal values the first takes the whole gradient (PyTorch would
 * share it), as in max pooling.
 *
 * Source: ONNX operator Max-13.
 */
export const maxVjp: VjpRule = (context) =>
  extremum(context, (a, b) => context.forms.isGreater(b, a));
