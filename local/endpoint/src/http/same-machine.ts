import { accessDenied } from "../aws-error.ts";
import type { WireRequest } from "./message.ts";

/** Loopback by name or number; `bucket.localhost` is S3's other way to name a bucket. */
const LOOPBACK_HOST = /^(?:127\.0\.0\.1|\[::1\]|(?:[\w.-]+\.)?localhost)(?::\d+)?$/i;

/**
 * Refuses requests of web pages. The credentials are public, so a signature proves nothing; but
 * such a request has a host name of the page's own, or says its origin.
 *
 * @throws AwsError AccessDenied
 */
export function checkSameMachine({ headers: { host = "", origin } }: WireRequest): void {
  const given = [host, ...(origin === undefined ? [] : [origin.replace(/^https?:\/\//, "")])];
  if (given.every((name) => LOOPBACK_HOST.test(name))) return;
  throw accessDenied("Only this machine is answered: name the endpoint 127.0.0.1 or localhost");
}
