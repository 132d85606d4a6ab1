import { CREDENTIALS } from "./account.ts";
import { AwsError } from "./aws-error.ts";
import type { WireHandler, WireRequest } from "./http/message.ts";
import { checkSameMachine } from "./http/same-machine.ts";
import type { S3Context } from "./s3/s3-request.ts";
import { answerS3, s3Error } from "./s3/s3-service.ts";
import type { SqsContext } from "./sqs/sqs-operation.ts";
import { answerSqs, sqsErrorResponse } from "./sqs/sqs-service.ts";
import type { DataFolder } from "./storage/data-folder.ts";
import { errorCode } from "./storage/error-code.ts";

export interface RouterOptions {
  readonly folder: Pick<DataFolder, "exists" | "root">;
  /** Told the name of every operation that is asked for. */
  readonly count: (operation: string) => void;
  readonly s3: S3Context;
  readonly sqs: SqsContext;
}

/**
 * Both services on one port: the service is in the scope of the signature, or in SQS's target
 * header.
 */
export function createRouter({ folder, count, s3, sqs }: RouterOptions): WireHandler {
  return async (request) => {
    const isSqs = isForSqs(request);
    try {
      checkSameMachine(request);
      // from here on nothing would be kept, and what is in memory is there no more
      if (!folder.exists()) {
        throw new AwsError(
          "DataFolderMissing",
          `the data folder ${folder.root} was deleted while it was open; start again`,
        );
      }
      const call = { policy: { credentials: CREDENTIALS, nowMs: s3.clock.now() }, count };
      return await (isSqs ? answerSqs(sqs, request, call) : answerS3(s3, request, call));
    } catch (error) {
      if (request.disconnected.aborted) throw error; // nobody to answer to
      const known = error instanceof AwsError ? error : unexpected(error, request);
      return isSqs ? sqsErrorResponse(known, request) : s3Error(known, request);
    }
  };
}

function isForSqs({ headers, query }: WireRequest): boolean {
  const credential = headers["authorization"] ?? query.get("X-Amz-Credential") ?? "";
  return headers["x-amz-target"] !== undefined || credential.includes("/sqs/aws4_request");
}

/** Nothing left on the disk, of the user's quota, or of what a file may have. */
const NO_ROOM = ["ENOSPC", "EDQUOT", "EFBIG"];

function unexpected(error: unknown, { id, method, rawPath }: WireRequest): AwsError {
  const code = errorCode(error) ?? "";
  if (NO_ROOM.includes(code)) {
    // no code of AWS's, whose disks are never full; clients do not try again at once
    return new AwsError(
      "InsufficientStorage",
      `there is no room left for the data folder (${code}); make some, or choose another folder`,
    );
  }
  console.error(`endpoint: ${method} ${rawPath} failed (request ${id})`, error);
  return new AwsError("InternalError", "We encountered an internal error. Please try again.");
}
