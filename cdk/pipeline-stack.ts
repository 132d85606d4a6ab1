import { CfnOutput, Duration, Fn, Stack, type StackProps, Tags } from "aws-cdk-lib";
import type { ContainerImage } from "aws-cdk-lib/aws-ecs";
import { ManagedPolicy, PermissionsBoundary } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import type { Code } from "aws-cdk-lib/aws-lambda";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";

import { HELD_SECONDS, visibilitySecondsOf } from "../functions/delivery.ts";
import { MAX_CHANNEL_RECEIVES, MAX_RECEIVES } from "../lib/pipeline/limits.ts";
import {
  ACCESS_OF,
  acknowledgePrefixes,
  gpuQueueStatement,
  keyStatements,
  objectStatements,
  sendStatement,
} from "./constructs/access.ts";
import { Alarms } from "./constructs/alarms.ts";
import { addBudget } from "./constructs/budget.ts";
import { GpuFleet } from "./constructs/gpu-fleet.ts";
import { JobEvents } from "./constructs/job-events.ts";
import { JobBucket } from "./constructs/job-bucket.ts";
import { PipelineDashboard } from "./constructs/pipeline-dashboard.ts";
import { type LambdaFunctionName, PipelineFunctions } from "./constructs/pipeline-functions.ts";
import { RequestApi } from "./constructs/request-api.ts";
import { WorkQueue } from "./constructs/work-queue.ts";
import type { PipelineSettings } from "./settings.ts";

export interface PipelineStackProps extends StackProps {
  readonly settings: PipelineSettings;
  readonly code: (name: LambdaFunctionName) => Code;
  /** Called where GPU workers are deployed. */
  readonly gpuImage: () => ContainerImage;
}

/** Several stacks of one account and region have a stage each. */
export function stackName({ stage }: Pick<PipelineSettings, "stage">): string {
  return stage === null ? "Dreamgrid" : `Dreamgrid-${stage}`;
}

/** GPU instances are scarce: each zone has a market of its own. */
const ZONES = [0, 1, 2];

/**
 * The whole pipeline. Plain CloudFormation resources only: what usually takes a custom resource is
 * done in another way, so that nothing runs in the account but the pipeline.
 */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { settings, code } = props;
    for (const [name, value] of Object.entries(settings.tags)) Tags.of(this).add(name, value);
    if (settings.permissionsBoundary !== null) {
      const boundary = settings.permissionsBoundary;
      const policy = ManagedPolicy.fromManagedPolicyArn(this, "Boundary", boundary);
      PermissionsBoundary.of(this).apply(policy);
    }
    const { kmsKey } = settings;
    const key = kmsKey === null ? null : Key.fromKeyArn(this, "Key", kmsKey);
    const queues = this.#queues();
    const { bucket } = new JobBucket(this, "Jobs", {
      requestQueue: queues.requests.queue,
      assemblyQueue: queues.assembly.queue,
      retention: Duration.days(settings.retentionDays),
      key,
    });
    acknowledgePrefixes(this, bucket);
    const gpu = settings.gpu === "none" ? null : this.#gpu(bucket, key, props);
    const { byName } = new PipelineFunctions(this, "Functions", {
      settings,
      code,
      bucket,
      key,
      queues,
      gpu,
    });
    const { api } = new RequestApi(this, "Api", { ...settings, handler: byName.api.function });
    const { topic } = new Alarms(this, "Alarms", {
      functions: byName,
      queues,
      api,
      gpu,
      email: settings.alarmEmail,
    });
    const events = new JobEvents(this, "Events", { bucket });
    if (settings.monthlyBudget !== null && settings.alarmEmail !== null) {
      addBudget(this, settings.monthlyBudget, settings.alarmEmail);
    }
    new PipelineDashboard(this, "Overview", {
      worker: byName.worker,
      workerMemory: settings.workerMemory,
      channels: queues.channels,
      gpu,
      gpuCapacity: settings.gpuCapacity,
    });
    new CfnOutput(this, "BucketName", { value: bucket.bucketName });
    new CfnOutput(this, "ApiUrl", { value: api.url });
    new CfnOutput(this, "AlarmTopicArn", { value: topic.topicArn });
    new CfnOutput(this, "JobTopicArn", { value: events.topic.topicArn });
  }

  /** Without an account a stack would count on two. */
  override get availabilityZones(): string[] {
    return ZONES.map((zone) => Fn.select(zone, Fn.getAzs()));
  }

  #queues() {
    return {
      requests: new WorkQueue(this, "Requests", {
        visibilitySeconds: visibilitySecondsOf("intake"),
        maxReceives: MAX_RECEIVES,
      }),
      channels: new WorkQueue(this, "Channels", {
        visibilitySeconds: visibilitySecondsOf("worker"),
        maxReceives: MAX_CHANNEL_RECEIVES,
        deadLetterVisibilitySeconds: visibilitySecondsOf("dead-letter"),
      }),
      assembly: new WorkQueue(this, "Assembly", {
        visibilitySeconds: visibilitySecondsOf("assembler"),
        maxReceives: MAX_RECEIVES,
      }),
    };
  }

  #gpu(bucket: IBucket, key: IKey | null, { settings, gpuImage }: PipelineStackProps) {
    const queue = new WorkQueue(this, "GpuChannels", {
      // as its workers ask for by themselves, and go on asking for while they work
      visibilitySeconds: HELD_SECONDS,
      maxReceives: MAX_CHANNEL_RECEIVES,
      deadLetterVisibilitySeconds: visibilitySecondsOf("dead-letter"),
    });
    return new GpuFleet(this, "Gpu", {
      ...settings,
      queue,
      image: gpuImage(),
      environment: {
        // Lambda sets it, Batch does not
        AWS_REGION: this.region,
        BUCKET_NAME: bucket.bucketName,
        GPU_QUEUE_URL: queue.queue.queueUrl,
        PROVIDER: "cuda",
        // the job's role alone: not that of the instance, whose network the container shares
        AWS_EC2_METADATA_DISABLED: "true",
      },
      statements: [
        ...objectStatements(bucket, ACCESS_OF["gpu-worker"]),
        ...keyStatements(key),
        gpuQueueStatement(queue.queue),
        ...(ACCESS_OF["gpu-worker"].sendsTo.includes("source") ? [sendStatement(queue.queue)] : []),
      ],
    });
  }
}
