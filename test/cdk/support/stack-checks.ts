import * as z from "zod";

import { TIMEOUT_SECONDS } from "../../../functions/delivery.ts";
import { alarmCheck } from "./alarm-checks.ts";
import { isAllowed, type Statement, statementsOf } from "./iam.ts";
import { type Check, type Checked, has, isUsedBy, names, unless } from "./resource-checks.ts";
import { ruleCheck } from "./rule-checks.ts";
import { arnOf, textOf } from "./template-values.ts";

/** Whether a service may do that by a resource's own policy. */
function serviceMay(
  { stack: { resources } }: Checked,
  policy: unknown,
  [service, action, resource]: readonly [string, string, string],
  context: Readonly<Record<string, string>>,
): boolean {
  const statements = statementsOf(resources, policy);
  const about = statements.filter(
    ({ effect, services }) => effect === "Deny" || services.includes(service),
  );
  const safe = { "aws:SecureTransport": "true", ...context };
  return isAllowed(about, { action, resource, context: safe });
}

const ACCOUNT = { Ref: "AWS::AccountId" };

/** Speaking over plain HTTP is denied, whoever else lets one speak. */
function deniesPlainHttp(
  { stack: { resources } }: Checked,
  policy: unknown,
  action: string,
  resource: string,
): readonly string[] {
  const everyone: Statement = {
    effect: "Allow",
    actions: ["*"],
    resources: ["*"],
    services: [],
    conditions: [],
  };
  const call = { action, resource, context: { "aws:SecureTransport": "false" } };
  const statements = [everyone, ...statementsOf(resources, policy)];
  return unless(!isAllowed(statements, call), "lets plain HTTP in");
}

/** Services act for whoever sets them up: in this account alone, by whatever they act for. */
function refusesOtherAccounts(
  checked: Checked,
  policy: unknown,
  action: string,
  resource: string,
): readonly string[] {
  const services = statementsOf(checked.stack.resources, policy).flatMap((each) => each.services);
  const foreign = {
    "aws:SourceAccount": "999999999999",
    "aws:SourceArn": "arn:aws:any:us-east-1:999999999999:rule/any",
  };
  return [...new Set(services)].flatMap((service) =>
    unless(
      [{}, foreign].every((context) => {
        return !serviceMay(checked, policy, [service, action, resource], context);
      }),
      `${service} may for other accounts`,
    ),
  );
}

const queuePolicy: Check = (checked) => {
  const { stack, Properties, uses } = checked;
  const { resources } = stack;
  const policy = Properties["PolicyDocument"];
  return uses.flatMap(([id, { Type }]) => {
    if (Type !== "AWS::SQS::Queue") return [];
    const arn = arnOf(resources, id);
    // buckets that send their notifications here
    const isNotified = Object.values(resources).some(
      (other) =>
        other.Type === "AWS::S3::Bucket" &&
        JSON.stringify(other.Properties["NotificationConfiguration"] ?? "").includes(`"${id}"`),
    );
    const context = { "aws:SourceAccount": textOf(resources, ACCOUNT) };
    const isSent = serviceMay(
      checked,
      policy,
      ["s3.amazonaws.com", "sqs:SendMessage", arn],
      context,
    );
    return [
      ...deniesPlainHttp(checked, policy, "sqs:SendMessage", arn),
      ...refusesOtherAccounts(checked, policy, "sqs:SendMessage", arn),
      ...unless(isSent === isNotified, `S3 may${isSent ? "" : " not"} send to ${id}`),
    ];
  });
};

const topicPolicy: Check = (checked) => {
  const { stack, Properties, uses } = checked;
  const { resources } = stack;
  const account = textOf(resources, ACCOUNT);
  const policy = Properties["PolicyDocument"];
  return uses.flatMap(([id, { Type }]) => {
    if (Type !== "AWS::SNS::Topic") return [];
    const senders = Object.entries(resources).filter(([, resource]) =>
      ["AlarmActions", "Targets"].some((name) =>
        JSON.stringify(resource.Properties?.[name] ?? "").includes(`{"Ref":"${id}"}`),
      ),
    );
    const arn = arnOf(resources, id);
    return [
      ...unless(senders.length > 0, `nothing is sent to ${id}`),
      ...deniesPlainHttp(checked, policy, "sns:Publish", arn),
      ...refusesOtherAccounts(checked, policy, "sns:Publish", arn),
      ...senders.flatMap(([sender, { Type: type }]) => {
        const isRule = type === "AWS::Events::Rule";
        const source = isRule
          ? arnOf(resources, sender)
          : `arn:aws:cloudwatch:us-east-1:${account}:alarm:${sender}`;
        const service = `${isRule ? "events" : "cloudwatch"}.amazonaws.com`;
        const context = { "aws:SourceAccount": account, "aws:SourceArn": source };
        const may = serviceMay(checked, policy, [service, "sns:Publish", arn], context);
        return unless(may, `${sender} may not publish`);
      }),
    ];
  });
};

const bucketPolicy: Check = (checked) => {
  const { stack, Properties } = checked;
  const { resources } = stack;
  const bucket = z.object({ Ref: z.string() }).parse(Properties["Bucket"]).Ref;
  const arn = arnOf(resources, bucket);
  const policy = Properties["PolicyDocument"];
  const logged = Object.entries(resources).filter(([, { Properties: other }]) =>
    JSON.stringify(other?.["LoggingConfiguration"] ?? "").includes(`"${bucket}"`),
  );
  return [
    ...deniesPlainHttp(checked, policy, "s3:GetObject", `${arn}/jobs/a`),
    ...refusesOtherAccounts(checked, policy, "s3:PutObject", `${arn}/log`),
    ...logged.flatMap(([id]) => {
      const context = {
        "aws:SourceAccount": textOf(resources, ACCOUNT),
        "aws:SourceArn": arnOf(resources, id),
        "s3:TlsVersion": "1.3",
      };
      const call = ["logging.s3.amazonaws.com", "s3:PutObject", `${arn}/log`] as const;
      return unless(serviceMay(checked, policy, call, context), `${id} may not log`);
    }),
  ];
};

/** By the type of who takes on the role. */
const ASSUMED_BY: readonly (readonly [user: string, service: string])[] = [
  ["AWS::Lambda::Function", "lambda"],
  ["AWS::ApiGateway::Account", "apigateway"],
  ["AWS::EC2::FlowLog", "vpc-flow-logs"],
  ["AWS::Batch::JobDefinition", "ecs-tasks"],
  ["AWS::IAM::InstanceProfile", "ec2"],
  ["AWS::Events::Rule", "events"],
];
const trust = z.object({
  Statement: z.tuple([
    z.object({
      Action: z.literal("sts:AssumeRole"),
      Effect: z.literal("Allow"),
      Principal: z.object({ Service: z.string() }),
    }),
  ]),
});

const role: Check = ({ Properties, users }) => {
  const [{ Principal }] = trust.parse(Properties["AssumeRolePolicyDocument"]).Statement;
  const services = ASSUMED_BY.filter(([type]) => users.some(([, { Type }]) => Type === type));
  const mayDoSomething =
    users.some(([, { Type }]) => Type === "AWS::IAM::Policy") ||
    "ManagedPolicyArns" in Properties ||
    "Policies" in Properties;
  const isAsItsUserNeeds =
    services.length === 1 && Principal.Service === `${services[0]![1]}.amazonaws.com`;
  return [
    ...unless(mayDoSomething, "may do nothing"),
    ...unless(
      isAsItsUserNeeds,
      `${Principal.Service} may take it on, and ${services.map(([type]) => type).join()} does`,
    ),
  ];
};

const lambda: Check = (checked) => [
  ...names(checked, "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::S3::Bucket"),
  // else the first call may come before its permissions
  ...unless(
    (checked.DependsOn ?? []).some((id) => id.includes("Policy")),
    "waits for no policy",
  ),
  ...has(checked, { Handler: "index.handler", Architectures: ["x86_64"] }),
  ...unless(
    (Object.values(TIMEOUT_SECONDS) as unknown[]).includes(checked.Properties["Timeout"]),
    "has a timeout of its own",
  ),
];

export const STACK_CHECKS: Readonly<Record<string, Check>> = {
  "AWS::CloudWatch::Alarm": alarmCheck,
  "AWS::CloudWatch::Dashboard": (checked) => names(checked, "AWS::SQS::Queue"),
  "AWS::SQS::Queue": (checked) => [
    ...has(checked, { SqsManagedSseEnabled: true }),
    ...isUsedBy(checked, "AWS::SQS::QueuePolicy"),
    ...unless(
      "RedrivePolicy" in checked.Properties
        ? checked.uses.some(([, { Type }]) => Type === "AWS::SQS::Queue")
        : checked.users.some(([, { Type }]) => Type === "AWS::SQS::Queue"),
      "has no dead-letter queue, and is none",
    ),
    ...unless(
      checked.users.some(([, { Type }]) => Type === "AWS::CloudWatch::Alarm"),
      "no alarm watches it",
    ),
  ],
  "AWS::SQS::QueuePolicy": queuePolicy,
  "AWS::SNS::Topic": (checked) => isUsedBy(checked, "AWS::SNS::TopicPolicy"),
  "AWS::SNS::TopicPolicy": topicPolicy,
  "AWS::S3::BucketPolicy": bucketPolicy,
  "AWS::S3::Bucket": (checked) => [
    ...unless(
      checked.users.some(
        ([, { Type, Properties }]) =>
          Type === "AWS::S3::BucketPolicy" &&
          JSON.stringify(Properties["Bucket"]).includes(`"${checked.id}"`),
      ),
      "has no policy",
    ),
    ...unless("LifecycleConfiguration" in checked.Properties, "keeps everything for ever"),
    ...unless("BucketEncryption" in checked.Properties, "is not encrypted"),
    ...has(checked, {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    }),
  ],
  "AWS::Events::Rule": ruleCheck,
  "AWS::Logs::LogGroup": (checked) => [
    ...unless(Number(checked.Properties["RetentionInDays"]) > 0, "keeps logs for ever"),
    ...isUsedBy(
      checked,
      "AWS::Lambda::Function",
      "AWS::ApiGateway::Stage",
      "AWS::Batch::JobDefinition",
      "AWS::EC2::FlowLog",
    ),
  ],
  "AWS::IAM::Role": role,
  "AWS::IAM::Policy": (checked) => names(checked, "AWS::IAM::Role"),
  "AWS::Lambda::Function": lambda,
  "AWS::Lambda::EventSourceMapping": (checked) => [
    ...names(checked, "AWS::SQS::Queue", "AWS::Lambda::Function"),
    ...has(checked, { FunctionResponseTypes: ["ReportBatchItemFailures"] }),
    ...unless("ScalingConfig" in checked.Properties, "takes the account's whole concurrency"),
  ],
};
