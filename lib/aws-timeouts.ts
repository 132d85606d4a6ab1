/**
 * How long clients of AWS wait for a connection, and for a socket that is silent. By itself the SDK
 * would wait for a quarter of an hour or for ever, as for a connection that died while Lambda had
 * the process frozen; what is given up is tried again. SQS's longest poll is silent for 20 s.
 */
export const AWS_TIMEOUTS = { connectionTimeout: 30_000, socketTimeout: 60_000 } as const;
