import { DESCRIPTION_FILE } from "../../lib/networks/description.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { encodeJson } from "../../lib/pipeline/json.ts";
import { objectsOf, readModelObject } from "../../lib/pipeline/networks/model-objects.ts";
import { publishedForm } from "../../lib/pipeline/networks/publish-network.ts";
import type { ApiHandler } from "../api-adapter.ts";
import type { NetworkPublisher } from "./network-drop.ts";
import { uploadFile } from "./upload-file.ts";

/** Publishes networks through a deployed API: each file by a link that it gives. */
export function apiPublisher(api: ApiHandler): NetworkPublisher {
  return {
    // the API says so itself when the first file is announced
    isTaken: () => Promise.resolve(false),
    publish: async (network: Network) => {
      const { file, modelPath } = network;
      const { description, labels } = publishedForm(network);
      const send = (name: string, bytes: Uint8Array) =>
        uploadFile(api, { kind: "model", network: description.id, file: name }, bytes);
      for (const { key, name } of objectsOf(description.id, file)) {
        const bytes = await readModelObject(modelPath, file, name);
        await send(key.split("/").at(-1)!, bytes);
      }
      if (labels !== null && description.labels !== null) {
        await send(description.labels, labels);
      }
      // goes last, and publishes it
      await send(DESCRIPTION_FILE, encodeJson(description));
    },
  };
}
