import type * as z from "zod";

import type { problemSchema } from "./schemas.ts";

/** RFC 9457. Client code branches on `type`, a reader looks at `problems`. */
export type ProblemDocument = z.infer<typeof problemSchema>;

export const PROBLEM_CONTENT_TYPE = "application/problem+json";

/** Every kind of error answer, with its status and title. */
export const PROBLEMS = {
  "invalid-request": { status: 400, title: "the request is not valid" },
  "not-found": { status: 404, title: "there is no such resource" },
  "method-not-allowed": { status: 405, title: "the resource has no such method" },
  conflict: { status: 409, title: "the resource is not in a state for this" },
  "body-too-large": { status: 413, title: "the request body is too large" },
  "unsupported-media-type": { status: 415, title: "the request body has the wrong type" },
  "idempotency-key-reused": {
    status: 422,
    title: "the idempotency key belongs to another request",
  },
  "damaged-object": { status: 500, title: "an object of the service is damaged" },
  "storage-missing": { status: 503, title: "the data folder is gone" },
  "storage-full": { status: 507, title: "there is no room left to store anything" },
  "bucket-full": { status: 507, title: "the bucket takes no more uploads of this kind" },
  internal: { status: 500, title: "something went wrong on our side" },
} as const;

export type ProblemKind = keyof typeof PROBLEMS;

/** An answer other than success, thrown to wherever it becomes a document. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly kind: ProblemKind;
  readonly problems: readonly string[];
  /** Headers that belong to the answer, such as Allow. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    kind: ProblemKind,
    problems: readonly string[],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(problems.join("; "));
    this.kind = kind;
    this.problems = problems;
    this.headers = headers;
  }
}

/** The answer that a problem becomes. */
export function problemReply({ kind, message, problems, headers }: ProblemError) {
  const { status, title } = PROBLEMS[kind];
  const document: ProblemDocument = {
    type: problemType(kind),
    title,
    status,
    detail: message,
    problems: [...problems],
  };
  return {
    statusCode: status,
    headers: { "Content-Type": PROBLEM_CONTENT_TYPE, ...headers },
    body: JSON.stringify(document),
  };
}

/** A name that stays the same wherever the service runs; there is nothing to fetch under it. */
export function problemType(kind: ProblemKind): string {
  return `urn:dreamgrid:problem:${kind}`;
}
