import { readSignatureClaim } from "../auth/signature-claim.ts";
import { sha256Hex } from "../auth/sigv4.ts";
import { type Call, verifySignature } from "../auth/verify-signature.ts";
import { AwsError, statusOf } from "../aws-error.ts";
import type { Texts, WireRequest, WireResponse } from "../http/message.ts";
import { MAX_JSON_BYTES } from "../limits.ts";
import { queueOperations } from "./queue-operations.ts";
import { receiveOperations } from "./receive-operations.ts";
import { sendOperations } from "./send-operations.ts";
import type { SqsContext, SqsOperation } from "./sqs-operation.ts";

const OPERATIONS: ReadonlyMap<string, SqsOperation> = new Map(
  Object.entries({ ...queueOperations, ...sendOperations, ...receiveOperations }),
);

const TARGET_PREFIX = "AmazonSQS.";

/** Answers one SQS request of the JSON protocol. */
export async function answerSqs(
  context: SqsContext,
  wire: WireRequest,
  { policy, count }: Call,
): Promise<WireResponse> {
  const claim = readSignatureClaim(wire);
  const body = await readBody(wire);
  verifySignature(wire, claim, sha256Hex(body), policy);
  const target = wire.headers["x-amz-target"] ?? "";
  if (!target.startsWith(TARGET_PREFIX)) {
    throw new AwsError(
      "UnsupportedOperation",
      "Only the JSON protocol of SQS is implemented; update the client (2023 or later).",
    );
  }
  const name = target.slice(TARGET_PREFIX.length);
  const operation = OPERATIONS.get(name);
  if (operation === undefined) {
    throw new AwsError("UnsupportedOperation", `The operation ${name} is not implemented.`);
  }
  count(name);
  return jsonResponse(200, await operation(context, parseJson(body), wire.disconnected), wire);
}

async function readBody({ body }: WireRequest): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > MAX_JSON_BYTES) {
      throw new AwsError(
        "RequestEntityTooLarge",
        `The request has more than ${MAX_JSON_BYTES} bytes.`,
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.length === 0 ? "{}" : body.toString("utf8"));
  } catch {
    throw new AwsError("SerializationException", "The body is not JSON.");
  }
}

function jsonResponse(
  status: number,
  content: object,
  { id }: WireRequest,
  headers: Texts = {},
): WireResponse {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": id, ...headers },
    body: JSON.stringify(content),
  };
}

/** Errors of the signature check, which SQS names differently from S3 ("Common Error Types"). */
const SIGNATURE_CODES: Texts = {
  AccessDenied: "AccessDeniedException",
  AuthorizationHeaderMalformed: "IncompleteSignature",
  InvalidAccessKeyId: "InvalidClientTokenId",
  InvalidToken: "InvalidClientTokenId",
  RequestTimeTooSkewed: "RequestExpired",
};

/** Codes that the query protocol knew by a longer name, which old code still looks for. */
const QUERY_CODES: Texts = {
  BatchEntryIdsNotDistinct: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
  BatchRequestTooLong: "AWS.SimpleQueueService.BatchRequestTooLong",
  EmptyBatchRequest: "AWS.SimpleQueueService.EmptyBatchRequest",
  InvalidBatchEntryId: "AWS.SimpleQueueService.InvalidBatchEntryId",
  MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
  PurgeQueueInProgress: "AWS.SimpleQueueService.PurgeQueueInProgress",
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  QueueNameExists: "QueueAlreadyExists",
  TooManyEntriesInBatchRequest: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
  UnsupportedOperation: "AWS.SimpleQueueService.UnsupportedOperation",
};

/** The error document of SQS, with the header that tells the code of the older protocol. */
export function sqsErrorResponse(error: AwsError, wire: WireRequest): WireResponse {
  const code = SIGNATURE_CODES[error.code] ?? error.code;
  const status = statusOf(code);
  const fault = status >= 500 ? "Receiver" : "Sender";
  const content = { __type: `com.amazonaws.sqs#${code}`, message: error.message };
  return jsonResponse(status, content, wire, {
    "x-amzn-query-error": `${QUERY_CODES[code] ?? code};${fault}`,
  });
}
