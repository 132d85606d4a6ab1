import { Duration, Size } from "aws-cdk-lib";
import {
  AutoScalingGroup,
  OnDemandAllocationStrategy,
  SpotAllocationStrategy,
} from "aws-cdk-lib/aws-autoscaling";
import {
  AcceleratorManufacturer,
  AcceleratorType,
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  LaunchTemplate,
  UserData,
} from "aws-cdk-lib/aws-ec2";
import {
  AmiHardwareType,
  AsgCapacityProvider,
  CapacityOptionType,
  type Cluster,
  EcsOptimizedImage,
  ManagedInstancesCapacityProvider,
} from "aws-cdk-lib/aws-ecs";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

import { acknowledge } from "./acknowledge.ts";
import type { GpuNetwork } from "./gpu-network.ts";

/** The image is 5 GB unpacked; the rest is for networks and the system. */
const DISK = Size.gibibytes(60);

/** Of the worker's process: USER in functions/gpu-worker/image/Dockerfile. */
const WORKER_UID = 65_534;

export interface GpuCapacityProps {
  readonly cluster: Cluster;
  readonly network: GpuNetwork;
  readonly capacity: "spot" | "on-demand";
  readonly maxInstances: number;
}

/** Instances that ECS chooses, starts, patches and ends by itself. Returns the provider's name. */
export function addManagedInstances(scope: Construct, props: GpuCapacityProps): string {
  const { cluster, network, capacity } = props;
  const provider = new ManagedInstancesCapacityProvider(scope, "ManagedInstances", {
    subnets: network.vpc.publicSubnets,
    securityGroups: [network.securityGroup],
    taskVolumeStorage: DISK,
    capacityOptionType:
      capacity === "spot" ? CapacityOptionType.SPOT : CapacityOptionType.ON_DEMAND,
    instanceRequirements: {
      vCpuCountMin: 4,
      vCpuCountMax: 8,
      memoryMin: Size.gibibytes(16),
      acceleratorTypes: [AcceleratorType.GPU],
      acceleratorManufacturers: [AcceleratorManufacturer.NVIDIA],
      acceleratorCountMin: 1,
      acceleratorCountMax: 1,
      allowedInstanceTypes: ["g4dn.*", "g5.*", "g6.*"],
    },
  });
  cluster.addManagedInstancesCapacityProvider(provider);
  letEcsPassInstanceRole(provider);
  acknowledge(provider, {
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForManagedInstances]":
      "the role by which ECS itself runs instances; AWS keeps this policy in step with the service, and it is limited to resources that ECS tagged",
    "AwsSolutions-IAM5[Resource::*]":
      "ecs:DiscoverPollEndpoint, the agent's first call, knows no resources",
    "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:container-instance/*]":
      "an instance registers itself under an id that it is given in doing so",
  });
  return provider.capacityProviderName;
}

/**
 * The managed policy lets ECS pass roles called `ecsInstanceRole*` alone, and CDK gives that prefix
 * to the instance profile but not to its role; without this no instance ever starts.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html
 */
function letEcsPassInstanceRole(provider: ManagedInstancesCapacityProvider): void {
  const { role } = provider.ec2InstanceProfile;
  if (role === undefined) throw new Error("internal: an instance profile without a role");
  provider.infrastructureRole.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ["iam:PassRole"],
      resources: [role.roleArn],
      conditions: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    }),
  );
}

/** For regions without Managed Instances: an Auto Scaling group. Returns the provider's name. */
export function addAutoScalingGroup(scope: Construct, props: GpuCapacityProps): string {
  const { cluster, network, capacity, maxInstances } = props;
  const group = new AutoScalingGroup(scope, "Instances", {
    vpc: network.vpc,
    minCapacity: 0,
    maxCapacity: maxInstances,
    // ECS lifts the protection of an instance once its tasks have ended
    newInstancesProtectedFromScaleIn: true,
    mixedInstancesPolicy: {
      launchTemplate: launchTemplate(scope, network),
      launchTemplateOverrides: ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"].map((name) => ({
        instanceType: new InstanceType(name),
      })),
      instancesDistribution: {
        onDemandPercentageAboveBaseCapacity: capacity === "spot" ? 0 : 100,
        onDemandAllocationStrategy: OnDemandAllocationStrategy.PRIORITIZED,
        spotAllocationStrategy: SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
      },
    },
  });
  const provider = new AsgCapacityProvider(scope, "AutoScaling", {
    autoScalingGroup: group,
    enableManagedScaling: true,
    enableManagedTerminationProtection: true,
    enableManagedDraining: true,
    instanceWarmupPeriod: Duration.minutes(5).toSeconds(),
  });
  cluster.addAsgCapacityProvider(provider);
  acknowledge(group, {
    "AwsSolutions-AS3":
      "ECS starts and ends these instances with every job; a message for each would bury the alarms, and CloudTrail has them",
    "AwsSolutions-EC26":
      "the rule cannot read a mixed instances policy; the one volume of its launch template is encrypted, which a test asserts",
  });
  return provider.capacityProviderName;
}

function launchTemplate(scope: Construct, { securityGroup }: GpuNetwork): LaunchTemplate {
  return new LaunchTemplate(scope, "LaunchTemplate", {
    machineImage: EcsOptimizedImage.amazonLinux2023(AmiHardwareType.GPU),
    instanceType: new InstanceType("g6.xlarge"),
    userData: userData(),
    role: instanceRole(scope),
    securityGroup,
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

function userData(): UserData {
  const commands = UserData.forLinux();
  commands.addCommands(
    // CDK's own option for it does nothing for a group with a mixed instances policy: without this
    // line a worker is not told that its Spot instance ends
    "echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config",
    // workers share the instance's network, but have their own role and must not use its role
    `iptables --insert OUTPUT 1 --destination 169.254.169.254/32 --match owner --uid-owner ${WORKER_UID} --jump REJECT`,
  );
  return commands;
}

function instanceRole(scope: Construct): Role {
  const role = new Role(scope, "InstanceRole", {
    assumedBy: new ServicePrincipal("ec2.amazonaws.com"),
  });
  acknowledge(role, {
    "AwsSolutions-IAM5[Action::ecs:Submit*]":
      "the agent's three calls that report the state of tasks, containers and attachments; CDK bounds them to this cluster",
    "AwsSolutions-IAM5[Resource::*]":
      "ecs:DiscoverPollEndpoint and ecr:GetAuthorizationToken know no resources, ecs:Poll and ecs:StartTelemetrySession are bound to this cluster by condition; the two log actions that CDK adds for the agent can only append to logs",
  });
  return role;
}
