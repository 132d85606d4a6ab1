import { Command } from "commander";

import { NetworkError } from "../../lib/networks/errors.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { publishNetwork } from "../../lib/pipeline/publish-network.ts";
import { createS3Client } from "../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";

interface PublishContext {
  readonly print: (line: string) => void;
  /** Finds a network by its id, and fetches its model if need be. */
  readonly open: (id: string) => Promise<Network>;
}

/** `dreamgrid models publish`: puts networks where a deployed pipeline finds them. */
export function publishCommand({ print, open }: PublishContext): Command {
  return new Command("publish")
    .description("put networks into the job bucket of a deployed pipeline")
    .argument("<ids...>", "networks, fetched if need be")
    .requiredOption("--bucket <name>", "the job bucket: output BucketName of the stack")
    .addHelpText("after", "\nCredentials and region are those of the AWS command line.")
    .action(async (ids: readonly string[], { bucket }: { readonly bucket: string }) => {
      // all of them before the first is sent: a misspelt one publishes nothing
      const networks: Network[] = [];
      for (const id of ids) networks.push(await open(id));
      const store = new S3ObjectStore(createS3Client(), bucket);
      for (const network of networks) print(await publish(network, { store, bucket }));
    });
}

async function publish(
  network: Network,
  { store, bucket }: { readonly store: S3ObjectStore; readonly bucket: string },
): Promise<string> {
  const { id } = network.manifest;
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
