import { Size, Stack } from "aws-cdk-lib";
import {
  AllocationStrategy,
  CfnComputeEnvironment,
  EcsEc2ContainerDefinition,
  EcsJobDefinition,
  EcsMachineImageType,
  JobQueue,
  ManagedEc2EcsComputeEnvironment,
} from "aws-cdk-lib/aws-batch";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  LaunchTemplate,
  MultipartBody,
  MultipartUserData,
} from "aws-cdk-lib/aws-ec2";
import {
  AmiHardwareType,
  type ContainerImage,
  EcsOptimizedImage,
  LogDrivers,
} from "aws-cdk-lib/aws-ecs";
import { Rule } from "aws-cdk-lib/aws-events";
import { BatchJob } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { readFileSync } from "node:fs";

import { EXIT } from "../../functions/gpu-worker/exit-codes.ts";
import { type PipelineSettings, VCPUS_OF_GPU_INSTANCE } from "../settings.ts";
import { acknowledge } from "./acknowledge.ts";
import { GpuNetwork } from "./gpu-network.ts";
import { createLogGroup } from "./log-group.ts";
import type { WorkQueue } from "./work-queue.ts";

/** One NVIDIA GPU each, of generations whose driver knows CUDA 13, and 16 GiB. */
const INSTANCE_TYPES = ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"];
/** Of those 16 GiB; the rest is the system's. */
const WORKER_MEMORY = Size.gibibytes(12);
/** The image is 5 GB unpacked; the rest is for networks and the system. */
const DISK = Size.gibibytes(60);
/** Batch's most; a worker that uses them up is replaced all the same. */
const ATTEMPTS = 10;

export interface GpuFleetProps extends Pick<PipelineSettings, "gpuCapacity" | "gpuMaxTasks"> {
  /** Of the channels to be rendered. */
  readonly queue: WorkQueue;
  readonly image: ContainerImage;
  readonly environment: Readonly<Record<string, string>>;
  /** What a worker may do, besides writing its log. */
  readonly statements: readonly PolicyStatement[];
}

/** GPU workers: each is a job of AWS Batch, and there are no instances while there are no jobs. */
export class GpuFleet extends Construct {
  readonly queue: WorkQueue;
  readonly logGroup: LogGroup;
  /** Of the functions that start workers. */
  readonly startEnvironment: Readonly<Record<string, string>>;
  readonly #jobs: JobQueue;
  readonly #worker: EcsJobDefinition;

  constructor(scope: Construct, id: string, props: GpuFleetProps) {
    super(scope, id);
    this.queue = props.queue;
    this.logGroup = createLogGroup(this, "Logs");
    this.#jobs = new JobQueue(this, "Jobs", {
      computeEnvironments: [{ computeEnvironment: this.#instances(props), order: 1 }],
    });
    this.#worker = this.#jobDefinition(props);
    this.startEnvironment = {
      GPU_JOB_QUEUE: this.#jobs.jobQueueArn,
      GPU_JOB_DEFINITION: this.#worker.jobDefinitionArn,
      GPU_MAX_WORKERS: String(props.gpuMaxTasks),
    };
  }

  /** Lets a function start workers for the channels that it sends. */
  startStatements(): PolicyStatement[] {
    return [
      new PolicyStatement({
        actions: ["batch:SubmitJob"],
        resources: [this.#jobs.jobQueueArn, this.#worker.jobDefinitionArn],
      }),
      new PolicyStatement({
        actions: ["sqs:GetQueueAttributes"],
        resources: [this.queue.queue.queueArn],
      }),
    ];
  }

  /**
   * Starts a worker for each that fails: one ends well only if it found the queue empty for
   * minutes, so that none is missing while channels wait. None for one that found no card of use in
   * the last of its attempts, or instances would be started and ended for ever. And one when
   * channels wait although none failed, as those do that a person puts back into the queue.
   */
  replaceLostWorkers(stalled: Alarm): void {
    const failed = { jobQueue: [this.#jobs.jobQueueArn], status: ["FAILED"] };
    new Rule(this, "WorkerLost", {
      description: "a GPU worker failed, or channels wait for one: another is started",
      eventPattern: {
        source: ["aws.batch", "aws.cloudwatch"],
        detailType: ["Batch Job State Change", "CloudWatch Alarm State Change"],
        detail: {
          $or: [
            { ...failed, container: { exitCode: [{ "anything-but": [EXIT.noCard] }] } },
            // ended before its container was there, or with its instance
            { ...failed, container: { exitCode: [{ exists: false }] } },
            { alarmName: [stalled.alarmName], state: { value: ["ALARM"] } },
          ],
        },
      },
      targets: [
        new BatchJob(
          this.#jobs.jobQueueArn,
          this.#jobs,
          this.#worker.jobDefinitionArn,
          this.#worker,
          { jobName: "gpu-worker" },
        ),
      ],
    });
  }

  #instances({ gpuCapacity, gpuMaxTasks }: GpuFleetProps): ManagedEc2EcsComputeEnvironment {
    const { vpc, securityGroup } = new GpuNetwork(this, "Network");
    const launchTemplate = this.#launchTemplate();
    const spot = gpuCapacity === "spot";
    const instances = new ManagedEc2EcsComputeEnvironment(this, "Instances", {
      vpc,
      vpcSubnets: { subnets: vpc.publicSubnets },
      securityGroups: [securityGroup],
      spot,
      allocationStrategy: spot
        ? AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
        : AllocationStrategy.BEST_FIT_PROGRESSIVE,
      maxvCpus: VCPUS_OF_GPU_INSTANCE * gpuMaxTasks,
      useOptimalInstanceClasses: false,
      instanceTypes: INSTANCE_TYPES.map((name) => new InstanceType(name)),
      // by its id, the latest at each deployment; by its type alone it stays that of the first one
      images: [
        {
          imageType: EcsMachineImageType.ECS_AL2023_NVIDIA,
          image: EcsOptimizedImage.amazonLinux2023(AmiHardwareType.GPU),
        },
      ],
      launchTemplate,
    });
    const resource = instances.node.defaultChild;
    if (!(resource instanceof CfnComputeEnvironment)) {
      throw new Error("internal: a compute environment is no CfnComputeEnvironment");
    }
    // CDK names no version, which is the first one for ever
    resource.addPropertyOverride(
      "ComputeResources.LaunchTemplate.Version",
      launchTemplate.latestVersionNumber,
    );
    acknowledge(instances, {
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]":
        "the role of ECS's agent on an instance, in a cluster whose name Batch makes up; AWS keeps this policy in step with the agent, and a worker cannot reach the role",
    });
    return instances;
  }

  #launchTemplate(): LaunchTemplate {
    // Batch puts its own part beside it
    const userData = new MultipartUserData();
    const body = readFileSync(new URL("gpu-instance.sh", import.meta.url), "utf8");
    const contentType = 'text/x-shellscript; charset="us-ascii"';
    userData.addPart(MultipartBody.fromRawBody({ contentType, body }));
    return new LaunchTemplate(this, "LaunchTemplate", {
      userData,
      requireImdsv2: true,
      // keeps containers of bridge networks from the instance's role; user data does for host ones
      httpPutResponseHopLimit: 1,
      blockDevices: [
        {
          deviceName: "/dev/xvda",
          volume: BlockDeviceVolume.ebs(DISK.toGibibytes(), {
            encrypted: true,
            volumeType: EbsDeviceVolumeType.GP3,
          }),
        },
      ],
    });
  }

  #jobDefinition({ image, environment, statements }: GpuFleetProps): EcsJobDefinition {
    const jobRole = new Role(this, "Role", {
      // ECS names the account for which it asks, so that it cannot be made to ask for another's
      assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    });
    for (const statement of statements) jobRole.addToPolicy(statement);
    const container = new EcsEc2ContainerDefinition(this, "Container", {
      image,
      cpu: VCPUS_OF_GPU_INSTANCE,
      memory: WORKER_MEMORY,
      gpu: 1,
      environment: { ...environment },
      jobRole,
      logging: LogDrivers.awsLogs({ streamPrefix: "gpu-worker", logGroup: this.logGroup }),
    });
    acknowledge(container, {
      "AwsSolutions-IAM5[Resource::*]":
        "ecr:GetAuthorizationToken, by which the agent pulls the image, knows no resources",
    });
    return new EcsJobDefinition(this, "Worker", { container, retryAttempts: ATTEMPTS });
  }
}
