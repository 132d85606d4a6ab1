import { ContainerImage } from "aws-cdk-lib/aws-ecs";
import { Platform } from "aws-cdk-lib/aws-ecr-assets";

/**
 * The GPU workers' image. Synthesis only hashes the build context; docker is needed to deploy.
 *
 * @param registry of npm packages, with a slash at its end
 * @param base by its digest; `null`: the tag that the Dockerfile names
 */
export function gpuImage(
  contextFolder: string,
  registry: string,
  base: string | null,
): ContainerImage {
  return ContainerImage.fromAsset(contextFolder, {
    platform: Platform.LINUX_AMD64,
    buildArgs: { NPM_REGISTRY: registry, ...(base !== null && { CUDA_IMAGE: base }) },
    // the same packages by their hashes, wherever they come from; another base is another image
    invalidation: { buildArgs: false },
    ...(base !== null && { extraHash: base }),
  });
}
