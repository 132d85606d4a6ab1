import { NetworkError } from "../../networks/errors.ts";
import { ModelError } from "../../onnx/errors.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { RequestError } from "./request.ts";

/**
 * A network that is being opened for a request: what is wrong with it is a problem of the request.
 *
 * @throws RequestError
 */
export async function requestedNetwork(
  id: string,
  opening: Promise<AnalysedNetwork>,
): Promise<AnalysedNetwork> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof NetworkError) throw new RequestError([`network: ${error.message}`]);
    if (error instanceof ModelError) {
      throw new RequestError([`network: '${id}' cannot be read: ${error.message}`]);
    }
    throw error;
  }
}
