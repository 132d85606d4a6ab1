import { networkFolders } from "../../lib/networks/folders.ts";
import { openNetwork } from "../../lib/networks/registry.ts";
import { analyseNetwork } from "../../lib/pipeline/networks/analyse-network.ts";

/** The repository's own network, of 224 x 224 pixels: read once by each process of the tests. */
export const emojinet = await analyseNetwork(await openNetwork("emojinet", networkFolders({})));
