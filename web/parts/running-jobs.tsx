import type { JobSummary } from "../api/documents.ts";
import { ProgressBar } from "../components/progress-bar.tsx";
import { hasEnded } from "../state/news.ts";
import { address } from "../state/router.ts";

/** How far those jobs are that have not ended, each leading to its page. */
export function RunningJobs({ jobs }: { readonly jobs: readonly JobSummary[] }) {
  return (
    <>
      {jobs
        .filter((job) => !hasEnded(job))
        .map((job) => (
          <a key={job.jobId} href={address.job(job.jobId)}>
            <ProgressBar job={job} />
          </a>
        ))}
    </>
  );
}
