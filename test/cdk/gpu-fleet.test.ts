import { Match } from "aws-cdk-lib/assertions";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";

import { checkResource, ofType, type Synthesis, synthesise } from "./support/synthesise.ts";

const fleets = {
  managed: synthesise({ gpu: "managed" }),
  asg: synthesise({ gpu: "asg" }),
};
const onDemand = {
  managed: synthesise({ gpu: "managed", gpuCapacity: "on-demand", gpuMaxTasks: "9" }),
  asg: synthesise({ gpu: "asg", gpuCapacity: "on-demand", gpuMaxTasks: "9" }),
};

describe.each(["managed", "asg"] as const)("GPU workers on %s capacity", (kind) => {
  const fleet = fleets[kind];
  const { template } = fleet;

  test("the fleet's resources are those that were reviewed", async () => {
    await expect(fleetResources(fleet)).toMatchFileSnapshot(`__snapshots__/gpu-${kind}.json`);
  });

  test("no worker is kept, and none is doubled when it is replaced", () => {
    template.hasResourceProperties("AWS::ECS::Service", {
      DesiredCount: 0,
      DeploymentConfiguration: Match.objectLike({ MinimumHealthyPercent: 0, MaximumPercent: 100 }),
      NetworkConfiguration: Match.absent(),
      LaunchType: Match.absent(),
      CapacityProviderStrategy: [Match.objectLike({ Weight: 1 })],
    });
    template.hasResourceProperties("AWS::ApplicationAutoScaling::ScalableTarget", {
      MinCapacity: 0,
      MaxCapacity: 4,
    });
    checkResource(onDemand[kind], "AWS::ApplicationAutoScaling::ScalableTarget", {
      MaxCapacity: 9,
    });
  });

  test("one policy scales out at the first channel, one scales in after five idle minutes", () => {
    template.resourceCountIs("AWS::ApplicationAutoScaling::ScalingPolicy", 2);
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      AlarmDescription: Match.stringLikeRegexp("channels wait for a GPU"),
      EvaluationPeriods: 1,
      Threshold: 1,
      TreatMissingData: "notBreaching",
    });
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      AlarmDescription: Match.stringLikeRegexp("nothing to do"),
      EvaluationPeriods: 5,
      TreatMissingData: "notBreaching",
      Metrics: Match.arrayWith([
        Match.objectLike({
          Expression: "IF(FILL(desired, 0) > 0, IF(waiting + held > 0, 0, 1), 0)",
        }),
      ]),
    });
  });

  test("a worker has a whole GPU, two minutes to stop, and may protect itself from scaling in", () => {
    template.hasResourceProperties("AWS::ECS::TaskDefinition", {
      NetworkMode: "host",
      RequiresCompatibilities: [kind === "managed" ? "MANAGED_INSTANCES" : "EC2"],
      ContainerDefinitions: [
        Match.objectLike({
          ResourceRequirements: [{ Type: "GPU", Value: "1" }],
          StopTimeout: 120,
          Environment: Match.arrayWith([
            { Name: "AWS_REGION", Value: { Ref: "AWS::Region" } },
            { Name: "PROVIDER", Value: "cuda" },
          ]),
        }),
      ],
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
    template.hasResourceProperties("AWS::IAM::Policy", {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"] }),
        ]),
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

  test("intake, assembler and API send to the GPU queue and wake the service", () => {
    const dispatching = ofType(fleet, "AWS::Lambda::Function").filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes("GPU_QUEUE_URL"),
    );
    expect(dispatching).toHaveLength(3);
    for (const [, { Properties }] of dispatching) {
      expect(Properties["Environment"]).toMatchObject({
        Variables: { ECS_CLUSTER: { Ref: expect.any(String) }, ECS_SERVICE: expect.anything() },
      });
    }
    template.hasResourceProperties("AWS::IAM::Policy", {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: ["ecs:DescribeServices", "ecs:UpdateService"] }),
        ]),
      },
    });
  });

  test("GPU channels that are given up are ended too", () => {
    const fromGpu = ofType(fleet, "AWS::Lambda::EventSourceMapping").filter(([id]) =>
      id.includes("FromGpuChannels"),
    );
    expect(fromGpu).toHaveLength(1);
  });
});

test("Managed Instances are Spot instances with one NVIDIA GPU, on demand by setting", () => {
  checkResource(fleets.managed, "AWS::ECS::CapacityProvider", capacity("SPOT"));
  checkResource(onDemand.managed, "AWS::ECS::CapacityProvider", capacity("ON_DEMAND"));
});

test("ECS may pass the instances' role, whose name the managed policy does not know", () => {
  checkResource(fleets.managed, "AWS::IAM::Policy", {
    PolicyDocument: {
      Statement: [
        {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: {
            "Fn::GetAtt": [Match.stringLikeRegexp("^GpuManagedInstancesInstanceRole"), "Arn"],
          },
          Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
        },
      ],
    },
  });
});

test("the service waits until the capacity provider is the cluster's", () => {
  const [[association] = []] = ofType(fleets.asg, "AWS::ECS::ClusterCapacityProviderAssociations");
  const [[, service] = []] = ofType(fleets.asg, "AWS::ECS::Service");
  expect(association).toBeDefined();
  expect(service?.DependsOn).toContain(association);
});

test("an instance tells its worker that it goes, and keeps its own role from it", () => {
  const [[, launchTemplate] = []] = ofType(fleets.asg, "AWS::EC2::LaunchTemplate");
  const { UserData } = z
    .object({ LaunchTemplateData: z.object({ UserData: z.unknown() }) })
    .parse(launchTemplate?.Properties).LaunchTemplateData;
  const script = JSON.stringify(UserData);
  expect(script).toContain("ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config");
  const [, uid] = /169\.254\.169\.254\/32 --match owner --uid-owner (\d+) --jump REJECT/.exec(
    script,
  ) ?? ["", "none"];
  expect(readFileSync("functions/gpu-worker/image/Dockerfile", "utf8")).toContain(`\nUSER ${uid}:`);
});

test("the Auto Scaling group goes from 0 to N Spot instances with encrypted disks", () => {
  const type = "AWS::AutoScaling::AutoScalingGroup";
  checkResource(fleets.asg, type, group(0, "4"));
  checkResource(onDemand.asg, type, group(100, "9"));
  checkResource(fleets.asg, "AWS::EC2::LaunchTemplate", {
    LaunchTemplateData: Match.objectLike({
      BlockDeviceMappings: [Match.objectLike({ Ebs: Match.objectLike({ Encrypted: true }) })],
      MetadataOptions: Match.objectLike({ HttpTokens: "required", HttpPutResponseHopLimit: 1 }),
    }),
  });
  checkResource(fleets.asg, "AWS::ECS::CapacityProvider", {
    AutoScalingGroupProvider: Match.objectLike({
      ManagedDraining: "ENABLED",
      ManagedTerminationProtection: "ENABLED",
    }),
  });
});

function fleetResources({ resources }: Synthesis): string {
  const own = Object.entries(resources).filter(([id]) => id.startsWith("Gpu"));
  return JSON.stringify(Object.fromEntries(own), null, 2);
}

function capacity(type: "SPOT" | "ON_DEMAND") {
  return {
    ManagedInstancesProvider: {
      InstanceLaunchTemplate: Match.objectLike({
        CapacityOptionType: type,
        InstanceRequirements: Match.objectLike({
          AcceleratorCount: { Min: 1, Max: 1 },
          AcceleratorManufacturers: ["nvidia"],
        }),
      }),
    },
  };
}

function group(onDemandPercentage: number, MaxSize: string) {
  return {
    MinSize: "0",
    MaxSize,
    NewInstancesProtectedFromScaleIn: true,
    MixedInstancesPolicy: Match.objectLike({
      InstancesDistribution: Match.objectLike({
        OnDemandPercentageAboveBaseCapacity: onDemandPercentage,
      }),
    }),
  };
}
