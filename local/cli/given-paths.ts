import { resolve } from "node:path";

import { renameFiles } from "../../lib/pipeline/request/fields/targets.ts";
import { initialImageOf, type RenderRequest } from "../../lib/pipeline/request/request.ts";

/**
 * The fields in which a request names files of this machine, in place of what the pipeline calls
 * them: the request can then be given again from any folder.
 */
export function givenPaths(request: RenderRequest): ReturnType<typeof mapPaths> {
  return mapPaths(request, resolve);
}

/** The fields in which a request names files of this machine, each path as `to` makes it. */
export function mapPaths(request: RenderRequest, to: (path: string) => string) {
  const { network, targets } = request;
  const initialImage = initialImageOf(request);
  return {
    ...(/\.onnx$/i.test(network) && { network: to(network) }),
    ...(initialImage !== null && { initialImage: to(initialImage) }),
    ...(targets && { targets: renameFiles(targets, to) }),
  };
}
