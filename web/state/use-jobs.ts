import { useState } from "preact/hooks";

import { listJobs } from "../api/client.ts";
import type { JobSummary } from "../api/documents.ts";
import { useNews } from "./news.ts";
import { type Resource, useResource } from "./use-resource.ts";

/** All jobs, newest first, as they stand now. */
export function useJobs(): Resource<readonly JobSummary[]> {
  const [changed, setChanged] = useState<ReadonlyMap<string, JobSummary>>(new Map());
  const jobs = useResource("jobs", listJobs.bind(null, null));
  useNews((news) => {
    if (news.kind === "job") {
      setChanged((before) => new Map(before).set(news.job.jobId, news.job));
    }
    if (news.kind === "again") jobs.reload();
  });
  if (jobs.value === null) return jobs;
  const listed = new Set(jobs.value.map(({ jobId }) => jobId));
  const fresh = [...changed.values()].filter(({ jobId }) => !listed.has(jobId));
  const value = [...jobs.value.map((job) => changed.get(job.jobId) ?? job), ...fresh];
  return { ...jobs, value: value.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt)) };
}
