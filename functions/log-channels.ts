import type { AnswerHooks } from "../lib/pipeline/explain/answer-questions.ts";
import type { ChannelResult } from "../lib/pipeline/job/result.ts";
import type { FailedMessage } from "../lib/pipeline/render/render-messages.ts";
import type { Log } from "./log.ts";

/** Tells the log how channels end. One that comes back because of `stop` is no error. */
export function logChannels(log: Log, stop: AbortSignal) {
  return {
    onResult: (result: ChannelResult) => log.info("channel ended", endingOf(result)),
    onNotice: (jobId: string, notice: string) => log.info("notice", { jobId, notice }),
    onFailure: ({ messageId, job, error }: FailedMessage) => {
      if (stop.aborted) log.info("channel given back", { messageId, ...job });
      else log.error("channel not rendered", { messageId, ...job, error });
    },
  };
}

/** Tells the log how questions end. One that comes back because of `stop` is no error. */
export function logQuestions(log: Log, stop: AbortSignal): AnswerHooks {
  return {
    onEnd: (id, state) => log.info("question ended", { id, state }),
    onFailure: ({ messageId, id, error }) => {
      if (stop.aborted) log.info("question given back", { messageId, id });
      else log.error("question not answered", { messageId, id, error });
    },
  };
}

/** Fields of the log line "channel ended", which the dashboard's queries read. */
export function endingOf(result: ChannelResult): Readonly<Record<string, unknown>> {
  const { jobId, channel, state } = result;
  if (result.state !== "ok") return { jobId, channel, state };
  const { activation, seconds, provider, attempts } = result;
  return { jobId, channel, state, activation, seconds, provider, attempts };
}
