import { Match } from "aws-cdk-lib/assertions";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";

import { checkResource, ofType, type Synthesis, synthesise } from "./support/synthesise.ts";

const fleet = synthesise({ gpu: "batch" });
const onDemand = synthesise({ gpu: "batch", gpuCapacity: "on-demand", gpuMaxTasks: "9" });
const { template } = fleet;

test("the fleet's resources are those that were reviewed", async () => {
  await expect(fleetResources(fleet)).toMatchFileSnapshot("__snapshots__/gpu.json");
});

test("no instance is kept, and there are as many as workers at most, on Spot or on demand", () => {
  const type = "AWS::Batch::ComputeEnvironment";
  checkResource(fleet, type, instances("SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED", 4));
  checkResource(onDemand, type, instances("EC2", "BEST_FIT_PROGRESSIVE", 9));
});

test("an instance has one GPU, whose driver knows CUDA 13, in one of three zones", () => {
  const [[image] = []] = Object.entries(
    template.findParameters("*", {
      Default: "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id",
    }),
  );
  checkResource(fleet, "AWS::Batch::ComputeEnvironment", {
    // workers that run are given time when the instances change
    ReplaceComputeEnvironment: false,
    ComputeResources: Match.objectLike({
      Ec2Configuration: [{ ImageType: "ECS_AL2023_NVIDIA", ImageIdOverride: { Ref: image } }],
      InstanceTypes: ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"],
      Subnets: Array.from({ length: 3 }, () => ({ Ref: Match.stringLikeRegexp("Subnet") })),
      LaunchTemplate: {
        LaunchTemplateId: { Ref: Match.stringLikeRegexp("^GpuLaunchTemplate") },
        // else its first version for ever
        Version: {
          "Fn::GetAtt": [Match.stringLikeRegexp("^GpuLaunchTemplate"), "LatestVersionNumber"],
        },
      },
    }),
  });
});

test("a worker has a whole instance, and Batch tries it again until it finds nothing to do", () => {
  template.hasResourceProperties("AWS::Batch::JobDefinition", {
    RetryStrategy: { Attempts: 10 },
    // a worker ends by itself
    Timeout: {},
    ContainerProperties: Match.objectLike({
      ResourceRequirements: [
        { Type: "MEMORY", Value: String(12 * 1_024) },
        { Type: "VCPU", Value: "4" },
        { Type: "GPU", Value: "1" },
      ],
      Environment: Match.arrayWith([
        { Name: "AWS_REGION", Value: { Ref: "AWS::Region" } },
        { Name: "PROVIDER", Value: "cuda" },
        { Name: "AWS_EC2_METADATA_DISABLED", Value: "true" },
      ]),
    }),
  });
  template.hasResourceProperties("AWS::IAM::Role", {
    AssumeRolePolicyDocument: {
      Statement: [
        Match.objectLike({
          Principal: { Service: "ecs-tasks.amazonaws.com" },
          Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
        }),
      ],
    },
  });
});

test("nobody can call a worker, and there is no NAT gateway to pay for", () => {
  template.resourceCountIs("AWS::EC2::NatGateway", 0);
  template.resourceCountIs("AWS::EC2::SecurityGroup", 1);
  template.allResourcesProperties("AWS::EC2::SecurityGroup", {
    SecurityGroupIngress: Match.absent(),
    SecurityGroupEgress: [Match.objectLike({ IpProtocol: "tcp", FromPort: 443, ToPort: 443 })],
  });
  template.hasResourceProperties("AWS::EC2::VPCEndpoint", { VpcEndpointType: "Gateway" });
});

test("intake, assembler and API send to the GPU queue and start workers, and nobody else may", () => {
  const jobQueue = { "Fn::GetAtt": [expect.stringMatching(/^GpuJobs/), "JobQueueArn"] };
  const jobDefinition = { Ref: expect.stringMatching(/^GpuWorker/) };
  const dispatching = ofType(fleet, "AWS::Lambda::Function").filter(([, { Properties }]) =>
    JSON.stringify(Properties).includes("GPU_QUEUE_URL"),
  );
  expect(dispatching).toHaveLength(3);
  for (const [, { Properties }] of dispatching) {
    expect(Properties["Environment"]).toMatchObject({
      Variables: {
        GPU_JOB_QUEUE: jobQueue,
        GPU_JOB_DEFINITION: jobDefinition,
        GPU_MAX_WORKERS: "4",
      },
    });
  }
  const starting = ofType(fleet, "AWS::IAM::Policy").flatMap(([, { Properties }]) => {
    const { Statement } = z
      .object({ Statement: z.array(z.looseObject({ Action: z.unknown() })) })
      .parse(Properties["PolicyDocument"]);
    return Statement.filter(({ Action }) => JSON.stringify(Action).includes("batch:"));
  });
  // the fourth is EventBridge's
  expect(starting).toHaveLength(4);
  for (const statement of starting) {
    expect(statement).toEqual({
      Effect: "Allow",
      Action: "batch:SubmitJob",
      Resource: [jobQueue, jobDefinition],
    });
  }
});

test("a worker that is lost for good, or is missed, is replaced by one; one without a card is not", () => {
  const jobs = { "Fn::GetAtt": [Match.stringLikeRegexp("^GpuJobs"), "JobQueueArn"] };
  const failed = { jobQueue: [jobs], status: ["FAILED"] };
  template.hasResourceProperties("AWS::Events::Rule", {
    EventPattern: {
      source: ["aws.batch", "aws.cloudwatch"],
      "detail-type": ["Batch Job State Change", "CloudWatch Alarm State Change"],
      detail: {
        $or: [
          { ...failed, container: { exitCode: [{ "anything-but": [3] }] } },
          { ...failed, container: { exitCode: [{ exists: false }] } },
          {
            alarmName: [{ Ref: Match.stringLikeRegexp("^Alarmsgpustalled") }],
            state: { value: ["ALARM"] },
          },
        ],
      },
    },
    Targets: [
      Match.objectLike({
        BatchParameters: {
          JobDefinition: { Ref: Match.stringLikeRegexp("^GpuWorker") },
          JobName: "gpu-worker",
        },
      }),
    ],
  });
});

test("GPU channels that are given up are ended too", () => {
  const fromGpu = ofType(fleet, "AWS::Lambda::EventSourceMapping").filter(([id]) =>
    id.includes("FromGpuChannels"),
  );
  expect(fromGpu).toHaveLength(1);
});

test("an instance's disk is encrypted, and its credentials are out of a container's reach", () => {
  checkResource(fleet, "AWS::EC2::LaunchTemplate", {
    LaunchTemplateData: Match.objectLike({
      BlockDeviceMappings: [Match.objectLike({ Ebs: Match.objectLike({ Encrypted: true }) })],
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
    }),
  });
  const [, uid] = /169\.254\.169\.254\/32 --match owner --uid-owner (\d+) --jump REJECT/.exec(
    userData(),
  ) ?? ["", "none"];
  expect(readFileSync("functions/gpu-worker/image/Dockerfile", "utf8")).toContain(`\nUSER ${uid}:`);
});

test("user data are one shell script in the MIME multi-part form that Batch wants", () => {
  const [, boundary = "none"] = /boundary="([^"]+)"/.exec(userData()) ?? [];
  const [head, part, end] = userData().split(`--${boundary}`);
  expect(head).toMatch(/^Content-Type: multipart\/mixed; .*\nMIME-Version: 1\.0\n\n$/);
  const [headers, script] = part!.split("\n#!/bin/bash\n").map((text) => text.trim());
  expect(headers).toBe('Content-Type: text/x-shellscript; charset="us-ascii"');
  expect(script).toContain("ECS_CONTAINER_STOP_TIMEOUT=120s");
  expect(end?.trim()).toBe("--");
  expect(userData()).toMatch(/^[\n -~]*$/);
});

/** As an instance gets it. */
function userData(): string {
  const [[, launchTemplate] = []] = ofType(fleet, "AWS::EC2::LaunchTemplate");
  return z
    .object({
      LaunchTemplateData: z.object({ UserData: z.object({ "Fn::Base64": z.string() }) }),
    })
    .parse(launchTemplate?.Properties).LaunchTemplateData.UserData["Fn::Base64"];
}

function fleetResources({ resources }: Synthesis): string {
  const own = Object.entries(resources).filter(([id]) => id.startsWith("Gpu"));
  return JSON.stringify(Object.fromEntries(own), null, 2);
}

function instances(Type: string, AllocationStrategy: string, workers: number) {
  const MaxvCpus = 4 * workers;
  return {
    Type: "managed",
    ComputeResources: Match.objectLike({ Type, AllocationStrategy, MinvCpus: 0, MaxvCpus }),
  };
}
