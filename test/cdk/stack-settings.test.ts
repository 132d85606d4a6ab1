import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";

import { checkResource, ofType, synthesise } from "./support/synthesise.ts";

const boundary = "arn:aws:iam::123456789012:policy/bounded";
const kmsKey = "arn:aws:kms:us-east-1:123456789012:key/1b2c3d4e-0000-4000-8000-123456789012";
const stack = synthesise({
  gpu: "batch",
  tags: "team=art",
  permissionsBoundary: boundary,
  kmsKey,
  monthlyBudget: "50",
  alarmEmail: "someone@example.com",
});

test("every role has the boundary, and every function the tag", () => {
  const roles = ofType(stack, "AWS::IAM::Role");
  expect(roles.length).toBeGreaterThan(6);
  for (const [id, { Properties }] of roles) {
    expect([id, Properties["PermissionsBoundary"]]).toEqual([id, boundary]);
  }
  for (const [, { Properties }] of ofType(stack, "AWS::Lambda::Function")) {
    expect(Properties["Tags"]).toEqual([{ Key: "team", Value: "art" }]);
  }
});

test("the key encrypts the jobs' objects, and whoever reads or writes them may use it", () => {
  checkResource(stack, "AWS::S3::Bucket", {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        { ServerSideEncryptionByDefault: { KMSMasterKeyID: kmsKey, SSEAlgorithm: "aws:kms" } },
      ],
    },
  });
  const users = ofType(stack, "AWS::IAM::Policy").filter(([, { Properties }]) =>
    JSON.stringify(Properties).includes("kms:GenerateDataKey"),
  );
  // five functions and the GPU worker
  expect(users).toHaveLength(6);
});

test("GPU workers may start in three zones", () => {
  const zones = ofType(stack, "AWS::EC2::Subnet").map(([, { Properties }]) =>
    JSON.stringify(Properties["AvailabilityZone"]),
  );
  expect(new Set(zones).size).toBe(3);
});

test("a budget tells before it is spent", () => {
  checkResource(stack, "AWS::Budgets::Budget", {
    Budget: { BudgetLimit: { Amount: 50, Unit: "USD" }, TimeUnit: "MONTHLY" },
  });
  expect(ofType(synthesise(), "AWS::Budgets::Budget")).toEqual([]);
});

test("the end of a job goes to a topic, by S3's own event", () => {
  checkResource(stack, "AWS::S3::Bucket", {
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
  });
  checkResource(stack, "AWS::Events::Rule", {
    EventPattern: {
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: { object: { key: [{ wildcard: "jobs/*/ended/*" }] } },
    },
    Targets: [Match.objectLike({ Arn: { Ref: Match.stringLikeRegexp("^EventsTopic") } })],
  });
  checkResource(stack, "AWS::SNS::TopicPolicy", {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Sid: "EndsOfJobs", Principal: { Service: "events.amazonaws.com" } }),
      ]),
    },
  });
});
