import { ApiError, cancelAtlas, cancelJob } from "../api/client.ts";
import type { JobSummary } from "../api/documents.ts";
import { Problems } from "../components/problems.tsx";
import { hasEnded } from "../state/news.ts";
import { useSending } from "../state/use-sending.ts";

/**
 * Stops those jobs that are under way, and those that the page's atlases of their networks have not
 * begun yet; their pictures stay, and each can go on later.
 */
export function CancelAll({ jobs }: { readonly jobs: readonly JobSummary[] }) {
  const { isBusy, problems, send } = useSending();
  const stoppable = jobs.filter((job) => !hasEnded(job) && job.state !== "cancelling");
  const cancelAll = () =>
    send(async () => {
      // an atlas is named after its network where nobody says otherwise
      const atlases = new Set(stoppable.map(({ network }) => network));
      const stoppings = [
        ...[...atlases].map((name) => unlessNothing([403, 404, 405], cancelAtlas(name))),
        ...stoppable.map(({ jobId }) => unlessNothing([409], cancelJob(jobId))),
      ];
      await Promise.all(stoppings);
    });
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

/**
 * @param statuses of HTTP that say there is nothing to stop: no atlas of that name, an older API that
 *   stops none, or a job that has ended meanwhile
 */
async function unlessNothing(
  statuses: readonly number[],
  stopping: Promise<unknown>,
): Promise<void> {
  try {
    await stopping;
  } catch (error) {
    if (!(error instanceof ApiError && statuses.includes(error.status))) throw error;
  }
}
