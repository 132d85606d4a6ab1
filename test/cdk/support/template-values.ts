import { ACCOUNT_ID, REGION } from "@dreamgrid/aws-endpoint";

import type { Resource } from "./synthesise.ts";

type Resources = Readonly<Record<string, Resource>>;

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::Partition": "aws",
  "AWS::Region": REGION,
  "AWS::AccountId": ACCOUNT_ID,
  "AWS::URLSuffix": "amazonaws.com",
};
const regional = (service: string, resource: string) =>
  `arn:aws:${service}:${REGION}:${ACCOUNT_ID}:${resource}`;

/** The name that a resource has in tests: its logical id, in the letters that AWS takes. */
export function nameOf(resources: Resources, id: string): string {
  return resources[id]?.Type === "AWS::S3::Bucket" ? id.toLowerCase() : id;
}

const ARNS: Readonly<Record<string, (name: string) => string>> = {
  "AWS::S3::Bucket": (name) => `arn:aws:s3:::${name}`,
  "AWS::SQS::Queue": (name) => regional("sqs", name),
  "AWS::SNS::Topic": (name) => regional("sns", name),
  "AWS::Lambda::Function": (name) => regional("lambda", `function:${name}`),
  "AWS::Logs::LogGroup": (name) => regional("logs", `log-group:${name}:*`),
  "AWS::Batch::JobQueue": (name) => regional("batch", `job-queue/${name}`),
  "AWS::Batch::JobDefinition": (name) => regional("batch", `job-definition/${name}:1`),
  "AWS::Events::Rule": (name) => regional("events", `rule/${name}`),
  "AWS::IAM::Role": (name) => `arn:aws:iam::${ACCOUNT_ID}:role/${name}`,
};

/** @throws Error for a type whose ARNs are not known here */
export function arnOf(resources: Resources, id: string): string {
  const arn = ARNS[resources[id]?.Type ?? ""];
  if (arn === undefined) throw new Error(`${id} (${resources[id]?.Type}) has no ARN here`);
  return arn(nameOf(resources, id));
}

/** What `Ref` gives: a URL, an ARN or a name. */
function refOf(resources: Resources, id: string, endpointUrl: string): string {
  const pseudo = PSEUDO[id];
  if (pseudo !== undefined) return pseudo;
  const type = resources[id]?.Type;
  if (type === undefined) throw new Error(`the template has no resource ${id}`);
  const name = nameOf(resources, id);
  if (type === "AWS::SQS::Queue") return `${endpointUrl}/${ACCOUNT_ID}/${name}`;
  if (type === "AWS::SNS::Topic" || type.startsWith("AWS::Batch::")) return arnOf(resources, id);
  return name;
}

/**
 * The text that a value of a template has once it is deployed.
 *
 * @param endpointUrl where its queues are
 * @throws Error for intrinsic functions that the stack did not use so far
 */
export function textOf(resources: Resources, value: unknown, endpointUrl = ""): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  const [name, argument] = Object.entries(value ?? {})[0] ?? ["nothing"];
  const inner = (each: unknown) => textOf(resources, each, endpointUrl);
  switch (name) {
    case "Ref":
      return refOf(resources, String(argument), endpointUrl);
    case "Fn::GetAtt": {
      const [id, attribute] = argument as [string, string];
      return attribute.endsWith("Arn") ? arnOf(resources, id) : nameOf(resources, id);
    }
    case "Fn::Join": {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(inner).join(separator);
    }
    default:
      throw new Error(`what is ${JSON.stringify(value)} once it is deployed?`);
  }
}
