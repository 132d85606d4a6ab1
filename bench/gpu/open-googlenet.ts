import { type Environment, networkFolders } from "../../lib/networks/folders.ts";
import { type Network, openNetwork } from "../../lib/networks/registry.ts";
import { UsageError } from "../../local/cli/user-errors.ts";

/**
 * GoogLeNet, whose layers and classes are what is measured.
 *
 * @param model "googlenet", or the path of its .onnx file
 * @throws UsageError for another network; NetworkError if there is no such file
 */
export async function openGoogleNet(model: string, env: Environment): Promise<Network> {
  const network = await openNetwork(model, networkFolders(env));
  if (network.description.id === "googlenet") return network;
  throw new UsageError(
    `--model is '${model}', which is not GoogLeNet; wanted a file whose SHA-256 is in models/googlenet/network.json`,
  );
}
