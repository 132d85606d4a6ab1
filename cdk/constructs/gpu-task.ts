import { Duration, Stack } from "aws-cdk-lib";
import {
  type Cluster,
  type Compatibility,
  type ContainerImage,
  LogDrivers,
  NetworkMode,
  TaskDefinition,
} from "aws-cdk-lib/aws-ecs";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

import { acknowledge, logicalId } from "./acknowledge.ts";
import { createLogGroup } from "./log-group.ts";

/** The smallest instances used, g4dn.xlarge, have 4 vCPU and 16 GiB; the rest is the system's. */
const TASK_CPU_UNITS = 3_072;
const TASK_MEMORY_MIB = 12_288;
/** ECS's longest between SIGTERM and SIGKILL. */
const STOP_TIMEOUT = Duration.seconds(120);

export interface GpuTaskProps {
  readonly compatibility: Compatibility.EC2 | Compatibility.MANAGED_INSTANCES;
  readonly cluster: Cluster;
  readonly image: ContainerImage;
  readonly environment: Readonly<Record<string, string>>;
  /** What it may do, besides writing its log and protecting itself from scale-in. */
  readonly statements: readonly PolicyStatement[];
}

/** One GPU worker: a container with a whole GPU. */
export class GpuTask extends Construct {
  readonly definition: TaskDefinition;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: GpuTaskProps) {
    super(scope, id);
    this.logGroup = createLogGroup(this, "Logs");
    const taskRole = new Role(this, "Role", {
      // ECS names the account for which it asks, so that it cannot be made to ask for another's
      assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    });
    this.definition = new TaskDefinition(this, "Task", {
      compatibility: props.compatibility,
      // no address of its own to wait for, and none to pay for
      networkMode: NetworkMode.HOST,
      cpu: String(TASK_CPU_UNITS),
      memoryMiB: String(TASK_MEMORY_MIB),
      taskRole,
    });
    this.definition.addContainer("Worker", {
      image: props.image,
      gpuCount: 1,
      memoryReservationMiB: TASK_MEMORY_MIB,
      stopTimeout: STOP_TIMEOUT,
      environment: props.environment,
      logging: LogDrivers.awsLogs({ streamPrefix: "gpu-worker", logGroup: this.logGroup }),
    });
    for (const statement of [protectSelf(props.cluster), ...props.statements]) {
      this.definition.addToTaskRolePolicy(statement);
    }
    acknowledge(this.definition, {
      "AwsSolutions-ECS2":
        "the variables are names and addresses of this stack's resources; there is no secret among them",
      "AwsSolutions-IAM5[Resource::*]":
        "ecr:GetAuthorizationToken, by which the agent pulls the image, knows no resources",
    });
    acknowledge(taskRole, {
      [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/<${logicalId(props.cluster)}>/*]`]:
        "a task's id is not known before it runs; the statement is for tasks of this cluster, which runs nothing else, and for their scale-in protection alone",
    });
  }
}

/** A worker guards the messages it holds from the service's scaling in. */
function protectSelf(cluster: Cluster): PolicyStatement {
  const tasks = Stack.of(cluster).formatArn({
    service: "ecs",
    resource: "task",
    resourceName: `${cluster.clusterName}/*`,
  });
  return new PolicyStatement({
    actions: ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
    resources: [tasks],
  });
}
