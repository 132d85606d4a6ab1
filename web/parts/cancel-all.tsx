import { ApiError, cancelJob } from "../api/client.ts";
import type { JobSummary } from "../api/documents.ts";
import { Problems } from "../components/problems.tsx";
import { hasEnded } from "../state/news.ts";
import { useSending } from "../state/use-sending.ts";

/** Stops those jobs that are under way; their pictures stay, and each can go on later. */
export function CancelAll({ jobs }: { readonly jobs: readonly JobSummary[] }) {
  const { isBusy, problems, send } = useSending();
  const stoppable = jobs.filter((job) => !hasEnded(job) && job.state !== "cancelling");
  const cancelAll = () =>
    send(async () => void (await Promise.all(stoppable.map(({ jobId }) => cancel(jobId)))));
  return (
    <>
      {stoppable.length > 0 && (
        <button type="button" aria-disabled={isBusy} onClick={() => void cancelAll()}>
          Cancel all
        </button>
      )}
      <Problems problems={problems} />
    </>
  );
}

async function cancel(jobId: string): Promise<void> {
  try {
    await cancelJob(jobId);
  } catch (error) {
    const hasEndedMeanwhile = error instanceof ApiError && error.status === 409;
    if (!hasEndedMeanwhile) throw error;
  }
}
