import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import * as z from "zod";

import { ROUTES } from "../../functions/api/routes.ts";
import { EVENT_SOURCES } from "../../functions/delivery.ts";
import {
  JOB_DEADLINE_SECONDS,
  MAX_MODEL_BYTES,
  RECONCILE_SECONDS,
} from "../../lib/pipeline/limits.ts";
import { checkResource, ofType, synthesise } from "./support/synthesise.ts";

const stack = synthesise();
const { template } = stack;

const reference = z.object({ Ref: z.string() });
const attribute = z
  .object({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) })
  .transform((value) => value["Fn::GetAtt"][0]);

test("the template is the one that was reviewed", async () => {
  await expect(JSON.stringify(template.toJSON(), null, 2)).toMatchFileSnapshot(
    "__snapshots__/cpu.template.json",
  );
});

test("a message stays invisible for six times its function's timeout, and fails by itself", () => {
  const mappings = ofType(stack, "AWS::Lambda::EventSourceMapping");
  expect(mappings).toHaveLength(4);
  for (const [, { Properties }] of mappings) {
    const { Ref } = reference.parse(Properties["FunctionName"]);
    const queue = attribute.parse(Properties["EventSourceArn"]);
    const timeout = Number(stack.resources[Ref]?.Properties["Timeout"]);
    expect(stack.resources[queue]?.Properties["VisibilityTimeout"]).toBe(6 * timeout);
    // no queue's backlog takes the whole account's concurrency
    expect(Properties["ScalingConfig"]).toEqual({ MaximumConcurrency: expect.any(Number) });
    const [, name] = /^Functions(\w+)Function/.exec(Ref) ?? [];
    const figures = Object.entries(EVENT_SOURCES).find(([key]) => key.replace("-", "") === name);
    if (figures === undefined) continue;
    const [, { batchSize, batchingWindowSeconds, maxConcurrency }] = figures;
    expect(Properties).toMatchObject({
      BatchSize: batchSize,
      ScalingConfig: { MaximumConcurrency: maxConcurrency },
    });
    expect(Properties["MaximumBatchingWindowInSeconds"] ?? 0).toBe(batchingWindowSeconds);
    expect(Properties["FunctionResponseTypes"]).toEqual(["ReportBatchItemFailures"]);
  }
});

test("functions run on Node 24, are traced and write structured logs to groups of their own", () => {
  template.resourceCountIs("AWS::Lambda::Function", 5);
  template.allResourcesProperties("AWS::Lambda::Function", {
    Runtime: "nodejs24.x",
    Architectures: ["x86_64"],
    TracingConfig: { Mode: "Active" },
    LoggingConfig: { LogFormat: "JSON", LogGroup: { Ref: Match.stringLikeRegexp("Logs") } },
  });
});

test("each function has the role of its name", () => {
  const role = z.object({ Role: attribute });
  for (const [id, { Properties }] of ofType(stack, "AWS::Lambda::Function")) {
    const [, name] = /^Functions(\w+)Function/.exec(id) ?? [];
    expect(role.parse(Properties).Role).toMatch(new RegExp(`^Functions${name}Role`));
  }
});

test("assembler and worker alone may call themselves, more often than Lambda lets a loop go on", () => {
  const looping = ofType(stack, "AWS::Lambda::Function").filter(
    ([, { Properties }]) => Properties["RecursiveLoop"] === "Allow",
  );
  expect(looping.map(([id]) => id).toSorted()).toEqual([
    expect.stringMatching(/^Functionsassembler/),
    expect.stringMatching(/^Functionsworker/),
  ]);
  // https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
  const lambdaStopsAt = 16;
  expect(JOB_DEADLINE_SECONDS / RECONCILE_SECONDS).toBeGreaterThan(lambdaStopsAt);
});

test("functions that keep networks on disk have room for several of the largest", () => {
  const diskMb = Object.fromEntries(
    ofType(stack, "AWS::Lambda::Function").map(([id, { Properties }]) => {
      const storage = z.object({ Size: z.number() }).optional();
      return [id, storage.parse(Properties["EphemeralStorage"])?.Size ?? 512];
    }),
  );
  const roomFor = (id: RegExp) =>
    Object.entries(diskMb)
      .filter(([name]) => id.test(name))
      .map(([, mb]) => Math.floor((mb * 1e6) / MAX_MODEL_BYTES));
  expect(roomFor(/intake|worker|api/)).toEqual([8, 8, 8]);
  // what they would have by default
  expect(roomFor(/assembler|deadletter/)).toEqual([1, 1]);
});

test("the worker has the memory, threads and concurrency of the settings", () => {
  const large = synthesise({ workerMemory: "7076", workerConcurrency: "7" });
  checkResource(large, "AWS::Lambda::Function", {
    MemorySize: 7_076,
    Environment: { Variables: Match.objectLike({ WORKER_THREADS: "4" }) },
  });
  checkResource(large, "AWS::Lambda::EventSourceMapping", {
    BatchSize: 8,
    ScalingConfig: { MaximumConcurrency: 7 },
  });
  template.hasResourceProperties("AWS::Lambda::Function", {
    MemorySize: 3_008,
    Environment: { Variables: Match.objectLike({ WORKER_THREADS: "2" }) },
  });
});

const statement = z.object({
  Action: z.union([z.string(), z.array(z.string())]),
  Resource: z.unknown(),
});
const policy = z.object({ PolicyDocument: z.object({ Statement: z.array(statement) }) });

test("no statement has a wildcard for an action, and only traces one for all resources", () => {
  for (const [, { Properties }] of ofType(stack, "AWS::IAM::Policy")) {
    for (const { Action, Resource } of policy.parse(Properties).PolicyDocument.Statement) {
      const actions = [Action].flat();
      expect(actions.filter((action) => action.includes("*"))).toEqual([]);
      const forAll = Resource === "*" ? actions : [];
      expect(forAll.filter((action) => !action.startsWith("xray:Put"))).toEqual([]);
    }
  }
});

test("the functions that hold their messages may, on the queue that feeds them alone", () => {
  const holding = ofType(stack, "AWS::IAM::Policy").flatMap(([id, { Properties }]) =>
    policy
      .parse(Properties)
      .PolicyDocument.Statement.filter(({ Action }) =>
        Action.includes("sqs:ChangeMessageVisibility"),
      )
      .map(({ Resource }) => [/Functions(.*)Role/.exec(id)?.[1], Resource]),
  );
  expect(Object.fromEntries(holding)).toEqual({
    intake: arnOf(/^RequestsQueue/),
    worker: arnOf(/^ChannelsQueue/),
    assembler: arnOf(/^AssemblyQueue/),
  });
});

test("the dead-letter function can do no more than end channels and questions", () => {
  const [found] = ofType(stack, "AWS::IAM::Policy").filter(([id]) => id.includes("deadletter"));
  expect(policy.parse(found?.[1].Properties).PolicyDocument.Statement).toEqual([
    { Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: arnOf(/deadletterLogs/) },
    {
      Action: ["s3:GetObject", "s3:PutObject"],
      Resource: ["/explanations/*", "/jobs/*"].map((objects) => ({
        "Fn::Join": ["", [arnOf(/^JobsBucket/), objects]],
      })),
    },
    { Action: "s3:ListBucket", Resource: arnOf(/^JobsBucket/) },
    { Action: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], Resource: "*" },
    {
      Action: ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
      Resource: arnOf(/^ChannelsDeadLetters/),
    },
  ]);
});

test("the API has the function's routes, each signed and checked", () => {
  template.resourceCountIs("AWS::ApiGateway::Method", ROUTES.length);
  template.allResourcesProperties("AWS::ApiGateway::Method", {
    AuthorizationType: "AWS_IAM",
    RequestValidatorId: Match.anyValue(),
  });
  template.hasResourceProperties("AWS::ApiGateway::Method", {
    HttpMethod: "POST",
    RequestModels: { "application/json": { Ref: Match.stringLikeRegexp("RenderRequest") } },
  });
  // the stage's own calls, none of the console's past it
  template.resourceCountIs("AWS::Lambda::Permission", ROUTES.length);
  template.hasResourceProperties("AWS::ApiGateway::Stage", {
    MethodSettings: [Match.objectLike({ ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 })],
  });
});

test("by setting, callers send an API key of a usage plan instead", () => {
  const keyed = synthesise({ auth: "api-key", requestsPerSecond: "3" });
  keyed.template.allResourcesProperties("AWS::ApiGateway::Method", {
    AuthorizationType: "NONE",
    ApiKeyRequired: true,
  });
  checkResource(keyed, "AWS::ApiGateway::UsagePlan", {
    Throttle: { RateLimit: 3, BurstLimit: 6 },
    Quota: { Limit: 10_800, Period: "DAY" },
  });
  keyed.template.resourceCountIs("AWS::ApiGateway::UsagePlanKey", 1);
});

function arnOf(id: RegExp) {
  return { "Fn::GetAtt": [expect.stringMatching(id), "Arn"] };
}
