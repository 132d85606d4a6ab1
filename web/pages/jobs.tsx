import type { JobSummary } from "../api/documents.ts";
import { Problems } from "../components/problems.tsx";
import { ProgressBar } from "../components/progress-bar.tsx";
import { address } from "../state/router.ts";
import { useJobs } from "../state/use-jobs.ts";

/** All jobs, newest first. */
export function JobsPage() {
  const jobs = useJobs();
  return (
    <>
      <h1>Jobs</h1>
      <Problems problems={jobs.problems} />
      {jobs.value?.length === 0 && (
        <p class="quiet">
          None yet. <a href={address.networks()}>Choose a network</a>, or{" "}
          <a href={address.request()}>write a request</a>.
        </p>
      )}
      <ul class="jobs">
        {(jobs.value ?? []).map((job) => (
          <li key={job.jobId}>
            <JobRow job={job} />
          </li>
        ))}
      </ul>
    </>
  );
}

function JobRow({ job }: { readonly job: JobSummary }) {
  const { jobId, network, layer, createdAt } = job;
  return (
    <a class="job-row" href={address.job(jobId)}>
      <span>
        {network} / {layer.name}
      </span>
      <time class="quiet" dateTime={createdAt}>
        {new Date(createdAt).toLocaleString()}
      </time>
      <ProgressBar job={job} />
    </a>
  );
}
