import { ContainerImage } from "aws-cdk-lib/aws-ecs";
import { Platform } from "aws-cdk-lib/aws-ecr-assets";

/**
 * The GPU workers' image. Synthesis only hashes the build context; docker is needed to deploy.
 *
 * @param registry of npm packages, with a slash at its end
 */
export function gpuImage(contextFolder: string, registry: string): ContainerImage {
  return ContainerImage.fromAsset(contextFolder, {
    platform: Platform.LINUX_AMD64,
    buildArgs: { NPM_REGISTRY: registry },
    // the same packages by their hashes, wherever they come from
    invalidation: { buildArgs: false },
  });
}
