/**
 * An error that a client of AWS knows by its code.
 *
 * Rendered as XML or JSON by the protocol that answers; the code and status are
 * those of the AWS API reference. Any other error is a bug of ours and becomes a 500.
 */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly status: number;
  readonly code: string;
  /** More elements of the XML error document, such as `Condition`. */
  readonly details: Readonly<Record<string, string>>;
  /** Response headers that belong to the error, such as `content-range` of a 416. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    extra: {
      readonly details?: Readonly<Record<string, string>>;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = extra.details ?? {};
    this.headers = extra.headers ?? {};
  }
}

/** The answer to every operation, sub-resource or header the endpoint does not have: never a silent 200. */
export function notImplemented(what: string): AwsError {
  return new AwsError(
    501,
    "NotImplemented",
    `${what} is not implemented by the embedded endpoint; the README of @dreamgrid/aws-endpoint lists what is`,
  );
}

export function invalidArgument(message: string, name?: string, value?: string): AwsError {
  return new AwsError(400, "InvalidArgument", message, {
    details: {
      ...(name === undefined ? {} : { ArgumentName: name }),
      ...(value === undefined ? {} : { ArgumentValue: value }),
    },
  });
}
