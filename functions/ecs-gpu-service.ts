import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from "@aws-sdk/client-ecs";

/** The ECS service of the GPU workers. */
export interface GpuService {
  readonly cluster: string;
  readonly service: string;
}

/**
 * Raises the service from 0 workers to 1, and leaves any other number to its scaling policy: that
 * policy follows the queue's metrics, and an idle queue's metrics take minutes to wake.
 */
export function gpuServiceWaker({ cluster, service }: GpuService): () => Promise<void> {
  const ecs = new ECSClient({});
  return async () => {
    const { services } = await ecs.send(
      new DescribeServicesCommand({ cluster, services: [service] }),
    );
    const [found] = services ?? [];
    if (found === undefined) {
      throw new Error(`there is no ECS service '${service}' in cluster '${cluster}'`);
    }
    if ((found.desiredCount ?? 0) > 0) return;
    await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: 1 }));
  };
}
