import * as z from "zod";

import {
  LAMBDA_FUNCTIONS,
  type LambdaFunctionName,
} from "../../../cdk/constructs/pipeline-functions.ts";
import { isAllowed, type Statement, statementsOfRole } from "./iam.ts";
import type { RecordedCall } from "./iam-gateway.ts";
import { ofType, type Synthesis } from "./synthesise.ts";
import { arnOf, textOf } from "./template-values.ts";

/** What the recorded calls need in a stack, and what AWS's services do by the functions' roles. */
export function neededIn(
  stack: Synthesis,
  recordedCalls: readonly RecordedCall[],
): readonly RecordedCall[] {
  const { resources } = stack;
  const known = new Set(
    Object.entries(resources).flatMap(([id, { Type }]) =>
      /S3::Bucket$|SQS::Queue$|Batch::Job/.test(Type) ? arnOf(resources, id) : [],
    ),
  );
  const hasGpu = ofType(stack, "AWS::Batch::JobQueue").length > 0;
  const recorded = recordedCalls.filter(
    ({ caller, resource }) =>
      (hasGpu || caller !== "gpu-worker") && known.has(resource.replace(/(?<=s3:::[^/]+)\/.*/, "")),
  );
  return [
    ...recorded,
    ...ofKey(stack, recorded),
    ...LAMBDA_FUNCTIONS.flatMap((name) => ofServices(stack, name)),
  ];
}

/** The calls that the function's role does not allow. */
export function denied(stack: Synthesis, calls: readonly RecordedCall[]): readonly RecordedCall[] {
  const statements = new Map(
    [...new Set(calls.map(({ caller }) => caller))].map((caller) => [
      caller,
      statementsOfRole(stack.resources, roleId(stack, caller)),
    ]),
  );
  return calls.filter((call) => !isAllowed(statements.get(call.caller)!, call));
}

/** The actions and resources of a role's statements without which none of its calls is denied. */
export function unmissedIn(
  stack: Synthesis,
  name: string,
  calls: readonly RecordedCall[],
): readonly string[] {
  const statements = statementsOfRole(stack.resources, roleId(stack, name));
  const isMissed = (statement: Statement, less: Partial<Statement>) => {
    const rest = statements.map((each) => (each === statement ? { ...each, ...less } : each));
    return calls.some((call) => !isAllowed(rest, call));
  };
  const without = (all: readonly string[], gone: string) => all.filter((each) => each !== gone);
  return statements.flatMap((statement) => {
    const { actions, resources } = statement;
    return [
      ...actions.filter((gone) => !isMissed(statement, { actions: without(actions, gone) })),
      ...resources
        .filter((gone) => !isMissed(statement, { resources: without(resources, gone) }))
        .map((gone) => `${actions.join()} on ${nameIn(gone)}`),
    ];
  });
}

/** Of a part of a bucket its keys, of what else a stack has its name without digits after it. */
function nameIn(arn: string): string {
  const [, keys] = /^arn:aws:s3:::[^/]+\/(.*)$/.exec(arn) ?? [];
  return (
    keys ??
    arn
      .split(":")
      .slice(5)
      .join(":")
      .replace(/[0-9A-F]{8}$/, "")
  );
}

/** S3 uses the bucket's key, where it has one, in the caller's name. */
function ofKey({ resources }: Synthesis, calls: readonly RecordedCall[]): RecordedCall[] {
  const [, key] = /"KMSMasterKeyID":"([^"]+)"/.exec(JSON.stringify(resources)) ?? [];
  if (key === undefined) return [];
  const actions = { "s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey" };
  return calls.flatMap(({ caller, action: on }) => {
    const action = actions[on as keyof typeof actions];
    return action === undefined ? [] : [{ caller, action, resource: key }];
  });
}

const logsTo = z.object({
  LoggingConfig: z.object({ LogGroup: z.object({ Ref: z.string() }) }),
});

/** Lambda polls the queues, and writes logs and traces. */
function ofServices(stack: Synthesis, name: LambdaFunctionName): RecordedCall[] {
  const { resources } = stack;
  const id = functionId(stack, name);
  const group = arnOf(
    resources,
    logsTo.parse(resources[id]?.Properties).LoggingConfig.LogGroup.Ref,
  );
  const own = (service: string, actions: readonly string[], resource: string) =>
    actions.map((action) => ({ caller: name, action: `${service}:${action}`, resource }));
  const queues = ofType(stack, "AWS::Lambda::EventSourceMapping")
    .filter(([, { Properties }]) => textOf(resources, Properties["FunctionName"]) === id)
    .map(([, { Properties }]) => textOf(resources, Properties["EventSourceArn"]));
  return [
    ...own("logs", ["CreateLogStream", "PutLogEvents"], group),
    ...own("xray", ["PutTraceSegments", "PutTelemetryRecords"], "*"),
    ...queues.flatMap((queue) =>
      own("sqs", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"], queue),
    ),
  ];
}

/** @throws Error unless exactly one resource has that type and such a logical id */
export function idOf(stack: Synthesis, type: string, id: RegExp): string {
  const found = ofType(stack, type).filter(([name]) => id.test(name));
  if (found.length !== 1) throw new Error(`${found.length} of ${type} are called ${id}`);
  return found[0]![0];
}

export function functionId(stack: Synthesis, name: LambdaFunctionName): string {
  const id = new RegExp(`^Functions${name.replace("-", "")}Function`);
  return idOf(stack, "AWS::Lambda::Function", id);
}

export function roleId(stack: Synthesis, name: string): string {
  const prefix = name === "gpu-worker" ? "GpuRole" : `Functions${name.replace("-", "")}Role`;
  return idOf(stack, "AWS::IAM::Role", new RegExp(`^${prefix}`));
}
