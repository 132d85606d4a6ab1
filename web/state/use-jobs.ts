import { useState } from "preact/hooks";

import { listJobs } from "../api/client.ts";
import type { JobSummary } from "../api/documents.ts";
import { useNews } from "./news.ts";
import { type Resource, useResource } from "./use-resource.ts";

/** Jobs, newest first, as they stand now. @param network whose jobs; `null`: all */
export function useJobs(network: string | null = null): Resource<readonly JobSummary[]> {
  const [news, setNews] = useState<ReadonlyMap<string, JobSummary>>(new Map());
  const { value, ...resource } = useResource(`jobs ${network ?? ""}`, async () => {
    // read before the list is asked for: that knows better
    const old = news;
    return { old, listed: await listJobs({ network }) };
  });
  useNews((each) => {
    if (each.kind === "job") setNews((before) => new Map(before).set(each.job.jobId, each.job));
    if (each.kind === "again") resource.reload();
  });
  if (value === null) return { value, ...resource };
  const jobs = new Map(value.listed.map((job) => [job.jobId, job]));
  const isWanted = (job: JobSummary) => (network ?? job.network) === job.network;
  for (const [jobId, job] of news) {
    if (isWanted(job) && value.old.get(jobId) !== job) jobs.set(jobId, job);
  }
  const newestFirst = [...jobs.values()].toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  return { value: newestFirst, ...resource };
}
