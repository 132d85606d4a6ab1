import { useEffect, useRef, useState } from "preact/hooks";

import { getJob, listJobs } from "../api/client.ts";
import type { ChannelDocument, JobDocument, JobSummary } from "../api/documents.ts";
import { hasEnded, type News, useNews } from "./news.ts";
import { type Recipe, recipesOf } from "./recipe.ts";
import { useRedraw } from "./use-redraw.ts";
import { useResource } from "./use-resource.ts";

/** A channel's picture, or how far it is. */
export interface Picture extends ChannelDocument {
  readonly jobId: string;
  readonly tileSize: JobDocument["tileSize"];
}

export interface LayerPictures {
  /** Ways in which channels of the layer have been drawn, the newest first. */
  readonly recipes: readonly Recipe[];
  readonly jobs: readonly JobDocument[];
  readonly problems: readonly string[];
  readonly isLoaded: boolean;
  readonly reload: () => void;
}

interface FoundJobs {
  /** Of all jobs of the layer, those too that are not looked at. */
  readonly ids: ReadonlySet<string>;
  readonly jobs: readonly JobDocument[];
}

/** Of one layer: the newest, whose channels are looked at one by one. */
const MAX_JOBS = 50;

/** Documents of jobs that have ended, which change no more unless they are retried. */
const ended = new Map<string, JobDocument>();

async function documentOf(summary: JobSummary): Promise<JobDocument> {
  const known = ended.get(summary.jobId);
  if (known?.completedAt === summary.completedAt) return known;
  const job = await getJob(summary.jobId);
  if (hasEnded(job)) ended.set(job.jobId, job);
  return job;
}

/** The documents of those jobs whose pictures are channels'; those of targets are none's. */
export async function channelJobs(
  summaries: readonly JobSummary[],
): Promise<readonly JobDocument[]> {
  const jobs = await Promise.all(summaries.map(documentOf));
  return jobs.filter(({ request }) => request["targets"] === undefined);
}

/**
 * The jobs of a layer as they stand now, tiles as they arrive.
 *
 * @param layer 1-based index; `null` while it is not known
 */
export function useLayerPictures(network: string, layer: number | null): LayerPictures {
  const key = layer === null ? null : `${network}/${layer}`;
  const fetched = useResource<FoundJobs>(key, async () => {
    const listed = await listJobs({ network, layer: layer ?? 0 });
    const ids = new Set(listed.map(({ jobId }) => jobId));
    return { ids, jobs: await channelJobs(listed.slice(0, MAX_JOBS)) };
  });
  /** `null` until they are there. */
  const [jobs, setJobs] = useState<readonly JobDocument[] | null>(null);
  const current = useRef<readonly JobDocument[]>([]);
  /** Since jobs were asked for: the answer may be older. `null`: none is on its way. */
  const heard = useRef<News[] | null>([]);
  const isStale = useRef(false);
  const ask = () => {
    heard.current = [];
    isStale.current = false;
    fetched.reload();
  };
  /** Once there is an answer: where news are many, none would be waited for. */
  const askNext = () => {
    if (heard.current === null) ask();
    else isStale.current = true;
  };
  const redraw = useRedraw(() => setJobs(current.current));
  useEffect(() => void (heard.current = []), [key]);
  useEffect(() => {
    const { value, problems } = fetched;
    current.current = value === null ? [] : (heard.current ?? []).reduce(withNews, value.jobs);
    setJobs(value === null ? null : current.current);
    if (value !== null || problems.length > 0) heard.current = null;
    if (isStale.current && heard.current === null) ask();
  }, [fetched.value, fetched.problems]);
  useNews((news) => {
    if (news.kind === "again") return ask();
    if (isOfLayer(news, network, layer) && fetched.value?.ids.has(news.job.jobId) !== true) {
      return askNext();
    }
    // of channels that are cancelled before their turn there are no news of their own
    if (isEndOf(news, current.current)) askNext();
    heard.current?.push(news);
    const changed = withNews(current.current, news);
    if (changed === current.current) return;
    current.current = changed;
    redraw();
  });
  const known = jobs ?? [];
  return {
    recipes: recipesOf(known),
    jobs: known,
    problems: fetched.problems,
    isLoaded: jobs !== null,
    reload: ask,
  };
}

function isOfLayer(
  news: News,
  network: string,
  layer: number | null,
): news is Extract<News, { kind: "job" }> {
  return news.kind === "job" && news.job.network === network && news.job.layer.index === layer;
}

function isEndOf(news: News, jobs: readonly JobDocument[]): boolean {
  if (news.kind !== "job" || !hasEnded(news.job)) return false;
  return jobs.some((job) => job.jobId === news.job.jobId && !hasEnded(job));
}

/** The jobs with what has happened; the same array if nothing has happened to them. */
function withNews(jobs: readonly JobDocument[], news: News): readonly JobDocument[] {
  if (news.kind === "again") return jobs;
  const jobId = news.kind === "job" ? news.job.jobId : news.channel.jobId;
  const at = jobs.findIndex((job) => job.jobId === jobId);
  const job = jobs[at];
  if (job === undefined) return jobs;
  return jobs.with(at, jobWithNews(job, news));
}

/** What has happened to a job. */
export type JobNews = Exclude<News, { readonly kind: "again" }>;

/** A job's document with what has happened to it. */
export function jobWithNews(job: JobDocument, news: JobNews): JobDocument {
  if (news.kind === "job") return { ...job, ...news.job, links: job.links };
  const { jobId: _, ...end } = news.channel;
  const at = job.channels.findIndex(({ channel }) => channel === end.channel);
  const before = job.channels[at];
  if (before === undefined) return job;
  return { ...job, channels: job.channels.with(at, { ...before, ...end }) };
}

/** Whether a channel has no picture, and waits for none. */
export function isUndrawn(picture: Picture | null | undefined): boolean {
  return picture?.state !== "ok" && picture?.state !== "waiting";
}

/** The same but for what has failed, which may do so again. */
export function isOffered(picture: Picture | null | undefined): boolean {
  return isUndrawn(picture) && picture?.state !== "failed";
}

/** By channel: its picture in one recipe, of the newest job that has one. */
export function picturesOf(
  jobs: readonly JobDocument[],
  recipe: Recipe | null,
): ReadonlyMap<number, Picture> {
  const pictures = new Map<number, Picture>();
  for (const { jobId, channels, tileSize } of recipe === null ? [] : jobs) {
    if (!recipe?.jobIds.has(jobId)) continue;
    for (const channel of channels) {
      const before = pictures.get(channel.channel);
      const isBetter = before === undefined || (before.state !== "ok" && channel.state === "ok");
      if (isBetter) pictures.set(channel.channel, { ...channel, jobId, tileSize });
    }
  }
  return pictures;
}
