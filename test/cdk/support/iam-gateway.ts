import { ACCOUNT_ID, REGION } from "@dreamgrid/aws-endpoint";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import * as z from "zod";

import { type Action, isAllowed, type Statement } from "./iam.ts";

export interface RecordedCall extends Action {
  /** Name of the function. */
  readonly caller: string;
}

export interface GatewayOptions {
  readonly caller: string;
  /** Of the caller's role. */
  readonly statements: readonly Statement[];
  /** Where what is allowed goes to. */
  readonly endpointUrl: string;
  readonly onCall: (call: RecordedCall, isAllowed: boolean) => void;
  /** Whether the call meets a fault of the service, `503 SlowDown`, after it has been allowed. */
  readonly isFaulty?: (call: RecordedCall) => boolean;
}

export interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/**
 * AWS as one function sees it: each of its calls is decided on by the statements of its role, as
 * IAM decides, and what is denied is answered `403 AccessDenied`. A job that Batch is given is
 * taken, and never runs.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const server = createServer((incoming, outgoing) => {
    answer(incoming, options).then(
      ({ status, headers, body }) => send(outgoing, { status, headers, body }),
      (error: unknown) => send(outgoing, refusal(500, "InternalError", String(error))),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) outgoing.setHeader(name, value);
  }
  outgoing.writeHead(status).end(body);
}

async function answer(incoming: IncomingMessage, options: GatewayOptions): Promise<Answer> {
  const body = await buffer(incoming);
  const { action, resources } = neededBy(incoming, body);
  const call = { caller: options.caller, action, resource: resources[0] };
  const may = (asked: RecordedCall) => {
    const isMay = isAllowed(options.statements, asked);
    options.onCall(asked, isMay);
    return isMay;
  };
  const denied = refusal(403, "AccessDenied", `${call.caller} may not ${action}`);
  if (!resources.every((resource) => may({ ...call, resource }))) return denied;
  if (options.isFaulty?.(call) === true) return refusal(503, "SlowDown", "as the test wants it");
  if (action.startsWith("batch:")) return ofBatch();
  const answered = await forwarded(incoming, body, options.endpointUrl);
  if (action !== "s3:GetObject" || answered.status !== 404) return answered;
  // without the right to list, S3 does not say what is not there
  const bucket = call.resource.replace(/\/.*/, "");
  return may({ ...call, action: "s3:ListBucket", resource: bucket }) ? answered : denied;
}

function ofBatch(): Answer {
  const job = { jobId: "1", jobName: "gpu-worker" };
  const headers = { "content-type": "application/json" };
  return { status: 200, headers, body: Buffer.from(JSON.stringify(job)) };
}

function refusal(status: number, code: string, message: string): Answer {
  // SQS and Batch read JSON, S3 reads XML: both find their code
  const headers = { "content-type": "application/xml", "x-amzn-query-error": `${code};Sender` };
  const text = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers, body: Buffer.from(text) };
}

/** As it was signed: for this host. */
async function forwarded(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  endpointUrl: string,
): Promise<Answer> {
  const { hostname, port } = new URL(endpointUrl);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path: url, headers }, (response) => {
      buffer(response).then(
        (bytes) =>
          resolve({ status: response.statusCode ?? 500, headers: response.headers, body: bytes }),
        reject,
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const S3_ACTIONS: Readonly<Record<string, string>> = {
  GET: "s3:GetObject",
  HEAD: "s3:GetObject",
  PUT: "s3:PutObject",
  DELETE: "s3:DeleteObject",
};

const sqsInput = z.object({ QueueUrl: z.string().optional() });
const submitJobInput = z.object({ jobQueue: z.string(), jobDefinition: z.string() });

/**
 * The action that a request needs, with each resource that it needs it on.
 * https://docs.aws.amazon.com/service-authorization/latest/reference
 *
 * @throws Error for requests that no function has made so far
 */
function neededBy(
  { method = "", url = "", headers }: IncomingMessage,
  body: Buffer,
): { readonly action: string; readonly resources: readonly [string, ...string[]] } {
  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    const [, operation = ""] = target.split(".");
    const name = sqsInput.parse(JSON.parse(body.toString())).QueueUrl?.split("/").at(-1);
    const action = `sqs:${operation.replace(/Batch$/, "")}`;
    return { action, resources: [`arn:aws:sqs:${REGION}:${ACCOUNT_ID}:${name}`] };
  }
  const { pathname, searchParams } = new URL(url, "http://any");
  if (pathname === "/v1/submitjob") {
    const { jobQueue, jobDefinition } = submitJobInput.parse(JSON.parse(body.toString()));
    return { action: "batch:SubmitJob", resources: [jobQueue, jobDefinition] };
  }
  const [, bucket = "", key = ""] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? [];
  const arn = `arn:aws:s3:::${bucket}`;
  if (key === "" && method === "GET" && searchParams.has("list-type")) {
    return { action: "s3:ListBucket", resources: [arn] };
  }
  const action = S3_ACTIONS[method];
  if (key === "" || action === undefined) throw new Error(`what does ${method} ${url} need?`);
  return { action, resources: [`${arn}/${key}`] };
}
