import { NetworkError } from "../../lib/networks/errors.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { publishNetwork } from "../../lib/pipeline/networks/publish-network.ts";
import { createS3Client } from "../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";
import { fetchNetwork } from "./network.ts";
import type { Terminal } from "./terminal.ts";

export interface PublishFlags {
  readonly bucket: string;
}

export async function publishModels(
  ids: readonly string[],
  { bucket }: PublishFlags,
  terminal: Terminal,
): Promise<void> {
  // all of them before the first is sent: a misspelt one publishes nothing
  const networks: Network[] = [];
  for (const id of ids) networks.push(await fetchNetwork(id, terminal));
  const store = new S3ObjectStore(createS3Client(), bucket);
  for (const network of networks) terminal.print(await publish(network, { store, bucket }));
}

async function publish(
  network: Network,
  { store, bucket }: { readonly store: S3ObjectStore; readonly bucket: string },
): Promise<string> {
  const { id } = network.description;
  try {
    const { files } = await publishNetwork(store, network);
    return `${id} is published: s3://${bucket}/models/${id}/${files[0]?.file}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    throw new NetworkError(
      `cannot publish '${id}' to s3://${bucket}: ${reason}; check the bucket's name, the credentials and the region`,
      { cause: error },
    );
  }
}
