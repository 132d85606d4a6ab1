/** Texts by name: headers, in lower case, or the elements of an error document. */
export type Texts = Readonly<Record<string, string>>;

/** One HTTP request, as far as S3 and SQS look at it. */
export interface WireRequest {
  /** Returned in `x-amz-request-id` and in error documents. */
  readonly id: string;
  readonly method: string;
  /** Path as sent, percent-encoding included: `..` and `//` are ordinary parts of S3 keys. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
  readonly headers: Texts;
  readonly body: AsyncIterable<Buffer>;
  /** Aborted when the client goes away before it has its answer. */
  readonly disconnected: AbortSignal;
}

/** Part of an open file. The server closes the descriptor after sending. */
export interface FileSlice {
  readonly fd: number;
  readonly start: number;
  readonly length: number;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Texts;
  readonly body: string | Uint8Array | FileSlice | null;
}

export type WireHandler = (request: WireRequest) => Promise<WireResponse>;
