import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import * as z from "zod";

import { REQUEST_NOTIFICATION, RESULT_NOTIFICATIONS } from "../../lib/pipeline/keys.ts";
import { MAX_CHANNEL_RECEIVES, MAX_RECEIVES } from "../../lib/pipeline/limits.ts";
import { checkResource, ofType, synthesise } from "./support/synthesise.ts";

const stack = synthesise();
const { template } = stack;

const queuePolicy = z.object({
  Queues: z.tuple([z.object({ Ref: z.string() })]),
  PolicyDocument: z.object({
    Statement: z.array(z.looseObject({ Effect: z.enum(["Allow", "Deny"]) })),
  }),
});
const fromThisAccount = {
  Sid: "NotificationsOfThisAccountsBuckets",
  Effect: "Allow",
  Action: "sqs:SendMessage",
  Principal: { Service: "s3.amazonaws.com" },
  Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
  Resource: arnOf(/^(Requests|Assembly)Queue/),
};

test("the buckets are encrypted, private and answer over TLS only", () => {
  template.resourceCountIs("AWS::S3::Bucket", 2);
  template.allResourcesProperties("AWS::S3::Bucket", {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        { ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } },
      ],
    },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
    // no grant by a list of an object's own
    OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
  });
  for (const [id] of ofType(stack, "AWS::S3::Bucket")) {
    const arn = { "Fn::GetAtt": [id, "Arn"] };
    const denied = (Condition: unknown) =>
      Match.objectLike({
        Effect: "Deny",
        // whoever asks, for whatever is in it
        Principal: { AWS: "*" },
        Action: "s3:*",
        Resource: [arn, { "Fn::Join": ["", [arn, "/*"]] }],
        Condition,
      });
    checkResource(stack, "AWS::S3::BucketPolicy", {
      Bucket: { Ref: id },
      PolicyDocument: {
        Statement: Match.arrayWith([
          denied({ Bool: { "aws:SecureTransport": "false" } }),
          denied({ NumericLessThan: { "s3:TlsVersion": 1.2 } }),
        ]),
      },
    });
  }
});

test("jobs expire, networks do not", () => {
  const rules = [
    "requests/",
    "responses/",
    "uploads/",
    "checkpoints/",
    "atlases/",
    "explanations/",
    "jobs/",
  ].map((Prefix) => ({ Prefix, ExpirationInDays: 30, Status: "Enabled" }));
  template.hasResourceProperties("AWS::S3::Bucket", {
    LifecycleConfiguration: {
      Rules: [
        ...rules,
        { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: "Enabled" },
      ],
    },
  });
});

test("the bucket announces what lib/pipeline/keys.ts says, once the queues let it", () => {
  const to = (queue: string) => ({ "Fn::GetAtt": [Match.stringLikeRegexp(`^${queue}`), "Arn"] });
  const rules = [
    { ...REQUEST_NOTIFICATION, queue: "RequestsQueue" },
    ...RESULT_NOTIFICATIONS.map((rule) => ({ ...rule, queue: "AssemblyQueue" })),
  ].map(({ prefix, suffix, queue }) =>
    Match.objectLike({
      Event: "s3:ObjectCreated:*",
      Queue: to(queue),
      Filter: {
        S3Key: {
          Rules: [
            { Name: "prefix", Value: prefix },
            { Name: "suffix", Value: suffix },
          ],
        },
      },
    }),
  );
  template.hasResource("AWS::S3::Bucket", {
    Properties: { NotificationConfiguration: { QueueConfigurations: rules } },
    DependsOn: Match.arrayWith([
      Match.stringLikeRegexp("^AssemblyQueuePolicy"),
      Match.stringLikeRegexp("^RequestsQueuePolicy"),
    ]),
  });
});

test("a queue is spoken to over TLS, and written to by S3 for this account's buckets alone", () => {
  const policies = ofType(stack, "AWS::SQS::QueuePolicy").map(([id, { Properties }]) => {
    const { Queues, PolicyDocument } = queuePolicy.parse(Properties);
    expect(policyOf(Queues[0].Ref)).toBe(id.slice(0, -8));
    return [id, PolicyDocument.Statement] as const;
  });
  expect(policies).toHaveLength(6);
  for (const [id, statements] of policies) {
    expect(statements.filter(({ Effect }) => Effect === "Deny")).toMatchObject([
      {
        Principal: { AWS: "*" },
        Action: "sqs:*",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ]);
    const allowed = statements.filter(({ Effect }) => Effect === "Allow");
    expect(allowed).toEqual(/^(Requests|Assembly)Queue/.test(id) ? [fromThisAccount] : []);
  }
});

test("every queue is encrypted and, unless it is for dead letters, has a dead-letter queue", () => {
  const queues = ofType(stack, "AWS::SQS::Queue");
  expect(queues).toHaveLength(6);
  for (const [id, { Properties }] of queues) {
    expect(Properties["SqsManagedSseEnabled"]).toBe(true);
    // SQS's longest: a message that is given up keeps the age that it has
    expect(Properties["MessageRetentionPeriod"]).toBe(14 * 86_400);
    if (id.includes("DeadLetters")) continue;
    const maxReceiveCount = id.startsWith("Channels") ? MAX_CHANNEL_RECEIVES : MAX_RECEIVES;
    expect(Properties["RedrivePolicy"]).toMatchObject({ maxReceiveCount });
  }
});

/** The policy of a queue is called as the queue is, less the eight digits after both. */
function policyOf(queue: string): string {
  return `${queue.slice(0, -8)}Policy`;
}

function arnOf(id: RegExp) {
  return { "Fn::GetAtt": [expect.stringMatching(id), "Arn"] };
}
