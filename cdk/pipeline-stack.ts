import { CfnOutput, Duration, Stack, type StackProps } from "aws-cdk-lib";
import type { ContainerImage } from "aws-cdk-lib/aws-ecs";
import type { Code } from "aws-cdk-lib/aws-lambda";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";

import { visibilitySecondsOf } from "../functions/delivery.ts";
import { MAX_CHANNEL_RECEIVES, MAX_RECEIVES } from "../lib/pipeline/limits.ts";
import {
  ACCESS_OF,
  acknowledgePrefixes,
  gpuQueueStatement,
  objectStatements,
} from "./constructs/access.ts";
import { Alarms } from "./constructs/alarms.ts";
import { GpuFleet } from "./constructs/gpu-fleet.ts";
import { JobBucket } from "./constructs/job-bucket.ts";
import { PipelineDashboard } from "./constructs/pipeline-dashboard.ts";
import { type LambdaFunctionName, PipelineFunctions } from "./constructs/pipeline-functions.ts";
import { RequestApi } from "./constructs/request-api.ts";
import { WorkQueue } from "./constructs/work-queue.ts";
import type { PipelineSettings } from "./settings.ts";

/** A GPU worker extends it while it works, so a worker that died is replaced soon. */
const GPU_VISIBILITY_SECONDS = 300;

export interface PipelineStackProps extends StackProps {
  readonly settings: PipelineSettings;
  readonly code: (name: LambdaFunctionName) => Code;
  /** Called where GPU workers are deployed. */
  readonly gpuImage: () => ContainerImage;
}

/**
 * The whole pipeline. Plain CloudFormation resources only: what usually takes a custom resource is
 * done in another way, so that nothing runs in the account but the pipeline.
 */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { settings, code } = props;
    const queues = this.#queues();
    const { bucket } = new JobBucket(this, "Jobs", {
      requestQueue: queues.requests.queue,
      assemblyQueue: queues.assembly.queue,
      retention: Duration.days(settings.retentionDays),
    });
    acknowledgePrefixes(this, bucket);
    const gpu = settings.gpu === "none" ? null : this.#gpu(settings.gpu, bucket, props);
    const { byName } = new PipelineFunctions(this, "Functions", {
      settings,
      code,
      bucket,
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

  #gpu(kind: "managed" | "asg", bucket: IBucket, { settings, gpuImage }: PipelineStackProps) {
    const queue = new WorkQueue(this, "GpuChannels", {
      visibilitySeconds: GPU_VISIBILITY_SECONDS,
      maxReceives: MAX_CHANNEL_RECEIVES,
      deadLetterVisibilitySeconds: visibilitySecondsOf("dead-letter"),
    });
    return new GpuFleet(this, "Gpu", {
      ...settings,
      kind,
      queue,
      image: gpuImage(),
      environment: {
        // Lambda sets it, ECS on instances does not
        AWS_REGION: this.region,
        BUCKET_NAME: bucket.bucketName,
        GPU_QUEUE_URL: queue.queue.queueUrl,
        PROVIDER: "cuda",
      },
      statements: [
        ...objectStatements(bucket, ACCESS_OF["gpu-worker"]),
        gpuQueueStatement(queue.queue),
      ],
    });
  }
}
