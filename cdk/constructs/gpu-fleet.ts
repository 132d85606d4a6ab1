import {
  type BaseService,
  CfnService,
  Cluster,
  Compatibility,
  ContainerInsights,
  Ec2Service,
  FargateService,
} from "aws-cdk-lib/aws-ecs";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";

import type { PipelineSettings } from "../settings.ts";
import { asCluster } from "./as-interface.ts";
import { addAutoScalingGroup, addManagedInstances } from "./gpu-capacity.ts";
import { GpuNetwork } from "./gpu-network.ts";
import { GpuScaling } from "./gpu-scaling.ts";
import { GpuTask, type GpuTaskProps } from "./gpu-task.ts";
import type { WorkQueue } from "./work-queue.ts";

export interface GpuFleetProps
  extends
    Pick<PipelineSettings, "gpuCapacity" | "gpuMaxTasks">,
    Pick<GpuTaskProps, "image" | "environment" | "statements"> {
  readonly kind: "managed" | "asg";
  readonly queue: WorkQueue;
}

/** GPU workers on ECS, none of them while there is nothing to do. */
export class GpuFleet extends Construct {
  readonly cluster: Cluster;
  readonly service: BaseService;
  readonly task: GpuTask;
  /** Of the channels to be rendered. */
  readonly queue: WorkQueue;

  constructor(scope: Construct, id: string, props: GpuFleetProps) {
    super(scope, id);
    const { kind, gpuCapacity, gpuMaxTasks } = props;
    this.queue = props.queue;
    const network = new GpuNetwork(this, "Network");
    this.cluster = new Cluster(this, "Cluster", {
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.ENHANCED,
    });
    const addCapacity = kind === "managed" ? addManagedInstances : addAutoScalingGroup;
    const capacityProvider = addCapacity(this, {
      cluster: this.cluster,
      network,
      capacity: gpuCapacity,
      maxInstances: gpuMaxTasks,
    });
    this.task = new GpuTask(this, "Task", {
      ...props,
      compatibility: kind === "managed" ? Compatibility.MANAGED_INSTANCES : Compatibility.EC2,
      cluster: this.cluster,
    });
    this.service = this.#service(kind, { capacityProvider, network });
    // ECS refuses a service whose capacity provider is not yet the cluster's
    this.service.node.addDependency(this.cluster);
    new GpuScaling(this, "Scaling", {
      service: this.service,
      queue: this.queue.queue,
      maxTasks: gpuMaxTasks,
    });
  }

  /** Lets a function raise the service from 0 to 1. */
  wakeStatement(): PolicyStatement {
    return new PolicyStatement({
      actions: ["ecs:DescribeServices", "ecs:UpdateService"],
      resources: [this.service.serviceArn],
    });
  }

  #service(
    kind: "managed" | "asg",
    { capacityProvider, network }: { capacityProvider: string; network: GpuNetwork },
  ): BaseService {
    const common = {
      cluster: asCluster(this.cluster),
      desiredCount: 0,
      // a worker is replaced, never doubled: there may be no second GPU
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      circuitBreaker: { rollback: true },
      capacityProviderStrategies: [{ capacityProvider, weight: 1 }],
      taskDefinition: this.task.definition,
    };
    if (kind === "asg") {
      return new Ec2Service(this, "Service", common);
    }
    // Ec2Service refuses tasks for Managed Instances; FargateService takes them, and writes a
    // network configuration that ECS refuses for host networking
    const service = new FargateService(this, "Service", {
      ...common,
      // else it creates one that lets everything out
      securityGroups: [network.securityGroup],
    });
    const resource = service.node.defaultChild;
    if (!(resource instanceof CfnService)) throw new Error("internal: a service is no CfnService");
    resource.addPropertyDeletionOverride("NetworkConfiguration");
    return service;
  }
}
