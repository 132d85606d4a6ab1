import { tileAddress } from "../api/client.ts";
import type { JobSummary } from "../api/documents.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { ProgressBar } from "../components/progress-bar.tsx";
import { CancelAll } from "../parts/cancel-all.tsx";
import { hasEnded } from "../state/news.ts";
import { address } from "../state/router.ts";
import { useJobs } from "../state/use-jobs.ts";

/** All jobs, newest first; those that go on above those that have ended. */
export function JobsPage() {
  const jobs = useJobs();
  const all = jobs.value ?? [];
  return (
    <>
      <h1>Jobs</h1>
      <Problems problems={jobs.problems} />
      <Looking at={jobs}>looking for jobs</Looking>
      {jobs.value?.length === 0 && (
        <p class="quiet">
          None yet. <a href={address.networks()}>Choose a network</a>, or{" "}
          <a href={address.request()}>write a request</a>.
        </p>
      )}
      <JobList title="Under way" jobs={all.filter((job) => !hasEnded(job))} />
      <JobList title="Ended" jobs={all.filter(hasEnded)} />
    </>
  );
}

function JobList({
  title,
  jobs,
}: {
  readonly title: string;
  readonly jobs: readonly JobSummary[];
}) {
  if (jobs.length === 0) return null;
  return (
    <section aria-label={title}>
      <div class="row">
        <h2>
          {title} <span class="quiet">{jobs.length}</span>
        </h2>
        <CancelAll jobs={jobs} />
      </div>
      <ul class="jobs">
        {jobs.map((job) => (
          <li key={job.jobId}>
            <JobRow job={job} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function JobRow({ job }: { readonly job: JobSummary }) {
  const { jobId, network, layer, createdAt, pictures } = job;
  return (
    <a class="job-row" href={address.job(jobId)}>
      <span class="job-pictures">
        {pictures.map((channel) => (
          <img key={channel} src={tileAddress(jobId, channel)} alt="" loading="lazy" />
        ))}
      </span>
      <span class="job-name">
        <span class="quiet">{network} /</span> {layer.name}
      </span>
      <time class="quiet" dateTime={createdAt}>
        {new Date(createdAt).toLocaleString()}
      </time>
      <ProgressBar job={job} />
    </a>
  );
}
