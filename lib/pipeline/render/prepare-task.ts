import type { Provider } from "../../autodiff/provider.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import type { Job } from "../job/job.ts";
import type { NetworkSource } from "../networks/bucket-networks.ts";
import { loadInitialImage } from "../request/initial-image.ts";
import { filesOfImages, loadTargetFiles } from "../request/target-files.ts";
import type { RenderTask } from "./renderer.ts";

export interface TaskDeps {
  /** Initial images, and files that targets name. */
  readonly store: ObjectStore;
  readonly networks: Pick<NetworkSource, "openPinned">;
  /** `requested`: where each job's request says. */
  readonly provider: Provider | "requested";
}

export type TaskWithoutChannels = Omit<RenderTask, "channels">;

/**
 * What channels of a job are rendered from. Files that only other channels' targets name are not
 * read: a job may have thousands of photographs.
 *
 * @throws as `NetworkSource.openPinned`; Error if a file is not the one that was planned with
 */
export async function prepareTask(
  job: Job,
  channels: readonly number[],
  { store, networks, provider }: TaskDeps,
): Promise<TaskWithoutChannels> {
  const { network, request, initialImage, targetFiles } = await job.plan();
  const files = filesOfImages(request.targets, channels, targetFiles);
  return {
    request,
    network: await networks.openPinned(network),
    initialImage: initialImage === null ? null : await loadInitialImage(store, initialImage),
    targetFiles: await loadTargetFiles(files, (key) => store.get(key)),
    provider: provider === "requested" ? request.executionEnvironment : provider,
  };
}
