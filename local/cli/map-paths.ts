import { isOnnxPath } from "../../lib/networks/foreign-format.ts";
import { renameFiles } from "../../lib/pipeline/request/fields/targets.ts";
import { initialImageOf, type RenderRequest } from "../../lib/pipeline/request/request.ts";

/** The fields in which a request names files of this machine, each path as `to` makes it. */
export function mapPaths(request: RenderRequest, to: (path: string) => string) {
  const { network, targets } = request;
  const initialImage = initialImageOf(request);
  return {
    ...(isOnnxPath(network) && { network: to(network) }),
    ...(initialImage !== null && { initialImage: to(initialImage) }),
    ...(targets && { targets: renameFiles(targets, to) }),
  };
}
