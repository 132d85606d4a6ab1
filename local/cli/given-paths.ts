import { resolve } from "node:path";

import { initialImageOf, type RenderRequest } from "../../lib/pipeline/request/request.ts";

/**
 * The fields in which a request names files of this machine, in place of what the pipeline calls
 * them: the request can then be given again from any folder.
 */
export function givenPaths(request: RenderRequest): Record<string, unknown> {
  const { network, targets } = request;
  const initialImage = initialImageOf(request);
  return {
    ...(/\.onnx$/i.test(network) && { network: resolve(network) }),
    ...(initialImage !== null && { initialImage: resolve(initialImage) }),
    ...(targets && {
      targets: targets.map(({ direction, activationOf, ...target }) => ({
        ...target,
        ...(direction !== undefined && { direction: resolve(direction) }),
        ...(activationOf !== undefined && { activationOf: resolve(activationOf) }),
      })),
    }),
  };
}
