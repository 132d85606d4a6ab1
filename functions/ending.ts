import type { ChannelResult } from "../lib/pipeline/job/result.ts";

/** Fields of the log line "channel ended", which the dashboard's queries read. */
export function endingOf(result: ChannelResult): Readonly<Record<string, unknown>> {
  const { jobId, channel, state } = result;
  if (result.state !== "ok") return { jobId, channel, state };
  const { activation, seconds, provider, attempts } = result;
  return { jobId, channel, state, activation, seconds, provider, attempts };
}
