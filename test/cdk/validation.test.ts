import { Duration, type Stack } from "aws-cdk-lib";
import { ManagedPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Code, EventSourceMapping, Function as Lambda, Runtime } from "aws-cdk-lib/aws-lambda";
import { CfnQueue, Queue } from "aws-cdk-lib/aws-sqs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { ofType, synthesiseChecked } from "./support/synthesise.ts";

// what CDK prints about the broken stacks below is not this run's news
beforeAll(() => void vi.spyOn(process.stderr, "write").mockReturnValue(true));
afterAll(() => void vi.restoreAllMocks());

const KEY = "arn:aws:kms:us-east-1:123456789012:key/1b2c3d4e-0000-4000-8000-123456789012";

/** What each setting adds to the stack, those of the other files' stacks among them. */
const VARIANTS = [
  { gpu: "none" },
  { gpu: "batch" },
  {
    gpu: "batch",
    gpuCapacity: "on-demand",
    gpuMaxTasks: "9",
    auth: "api-key",
    requestsPerSecond: "3",
    alarmEmail: "ops@example.com",
    workerMemory: "7076",
    workerConcurrency: "7",
  },
  {
    gpu: "batch",
    tags: "team=art",
    permissionsBoundary: "arn:aws:iam::123456789012:policy/bounded",
    kmsKey: KEY,
    monthlyBudget: "50",
    alarmEmail: "someone@example.com",
  },
];

test.each(VARIANTS)("no rule of cdk-nag or CDK is broken with %j", (context) => {
  const { template, resources } = synthesiseChecked(context);
  expect(Object.keys(resources).length).toBeGreaterThan(90);
  expect(JSON.stringify(template.toJSON())).not.toContain('"Custom::');
  const functions = ofType({ template, resources }, "AWS::Lambda::Function");
  // a provider of custom resources would be a sixth
  expect(functions).toHaveLength(5);
});

const BROKEN: readonly { says: RegExp; change: (stack: Stack) => void }[] = [
  {
    says: /AwsSolutions-IAM5\[Action::s3:\*\]/,
    change: (stack) => {
      new ManagedPolicy(stack, "Loose", {
        statements: [new PolicyStatement({ actions: ["s3:*"], resources: ["*"] })],
      });
    },
  },
  {
    says: /AwsSolutions-SQS4/,
    change: (stack) => void new Queue(stack, "Plain"),
  },
  {
    says: /CloudFormation-Validate::E3505/,
    change: (stack) => {
      const queue = new Queue(stack, "Hasty", {
        enforceSSL: true,
        visibilityTimeout: Duration.seconds(10),
        deadLetterQueue: {
          maxReceiveCount: 1,
          queue: Queue.fromQueueArn(stack, "Dead", "arn:aws:sqs:eu-west-1:123456789012:dead"),
        },
      });
      new EventSourceMapping(stack, "Mapping", {
        eventSourceArn: queue.queueArn,
        target: new Lambda(stack, "Function", {
          runtime: Runtime.NODEJS_24_X,
          handler: "index.handler",
          timeout: Duration.seconds(60),
          code: Code.fromInline("exports.handler = () => {}"),
        }),
      });
    },
  },
  {
    says: /99999 is greater than the maximum/,
    change: (stack) => {
      const [queue] = stack.node.findAll().filter((node) => node instanceof CfnQueue);
      queue?.addPropertyOverride("VisibilityTimeout", 99_999);
    },
  },
];

test("a stack that breaks rules fails its synthesis, which names each of them", () => {
  const breakAll = (stack: Stack) => BROKEN.forEach(({ change }) => change(stack));
  const said = vi.fn();
  try {
    synthesiseChecked({}, breakAll);
  } catch (error) {
    said(String(error));
  }
  for (const { says } of BROKEN) expect(said).toHaveBeenCalledWith(expect.stringMatching(says));
});
