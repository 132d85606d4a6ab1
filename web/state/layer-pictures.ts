import { getJob, listJobs } from "../api/client.ts";
import type { ChannelDocument, JobDocument, JobSummary } from "../api/documents.ts";
import { hasEnded, type JobNews } from "./news.ts";
import { type Recipe, recipesOf } from "./recipe.ts";
import { useFollowed } from "./use-followed.ts";

/** A channel's picture, or how far it is. */
export interface Picture extends ChannelDocument {
  readonly jobId: string;
  readonly tileSize: JobDocument["tileSize"];
}

export interface LayerPictures {
  /** Ways in which channels of the layer have been drawn, the newest first. */
  readonly recipes: readonly Recipe[];
  /** Of channels, the newest first. */
  readonly jobs: readonly JobDocument[];
  /** Likewise of targets, whose images are no channel's. */
  readonly targetJobs: readonly JobDocument[];
  readonly problems: readonly string[];
  readonly isLoaded: boolean;
  readonly reload: () => void;
}

interface FoundJobs {
  /** Of all jobs of the layer, those too that are not looked at. */
  readonly ids: ReadonlySet<string>;
  readonly documents: readonly JobDocument[];
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

/** The jobs' documents, in the same order. */
export function documentsOf(summaries: readonly JobSummary[]): Promise<readonly JobDocument[]> {
  return Promise.all(summaries.map(documentOf));
}

/** Whether a job's pictures are channels'; those of targets are none's. */
export function isOfChannels({ request }: JobDocument): boolean {
  return request["targets"] === undefined;
}

/**
 * The jobs of a layer as they stand now, tiles as they arrive.
 *
 * @param layer 1-based index; `null` while it is not known
 */
export function useLayerPictures(network: string, layer: number | null): LayerPictures {
  return usePicturesOfLayers(network, layer === null ? null : [layer])(layer ?? 0);
}

/**
 * The same of several layers.
 *
 * @param layers 1-based indices; `null` while they are not known
 * @returns what there is of one of them
 */
export function usePicturesOfLayers(
  network: string,
  layers: readonly number[] | null,
): (layer: number) => LayerPictures {
  const wanted = layers ?? [];
  const key = layers === null ? null : `${network}/${wanted.join()}`;
  const { value, ...resource } = useFollowed<FoundJobs>(
    key,
    async () => {
      const listed = await Promise.all(wanted.map((layer) => listJobs({ network, layer })));
      const ids = new Set(listed.flat().map(({ jobId }) => jobId));
      const newest = listed.flatMap((jobs) => jobs.slice(0, MAX_JOBS));
      return { ids, documents: await documentsOf(newest) };
    },
    {
      withNews: (found, news) => {
        const documents = jobsWithNews(found.documents, news);
        return documents === found.documents ? found : { ...found, documents };
      },
      isStale: (found, news) =>
        isNewOf(news, { network, layers: wanted }, found) ||
        found?.documents.some((job) => isEndOf(news, job)) === true,
    },
  );
  return (layer) => {
    const documents = (value?.documents ?? []).filter((job) => job.layer.index === layer);
    const jobs = documents.filter(isOfChannels);
    const targetJobs = documents.filter((job) => !isOfChannels(job));
    return { recipes: recipesOf(jobs), jobs, targetJobs, isLoaded: value !== null, ...resource };
  };
}

/** Whether one of the layers has a job that was not found. */
function isNewOf(
  news: JobNews,
  { network, layers }: { readonly network: string; readonly layers: readonly number[] },
  found: FoundJobs | null,
): boolean {
  if (news.kind !== "job" || found?.ids.has(news.job.jobId) === true) return false;
  return news.job.network === network && layers.includes(news.job.layer.index);
}

/**
 * Whether a job has ended: of channels that are cancelled before their turn there are no news of
 * their own, and links to the sheet come with the document.
 */
export function isEndOf(news: JobNews, job: JobDocument): boolean {
  return (
    news.kind === "job" && news.job.jobId === job.jobId && hasEnded(news.job) && !hasEnded(job)
  );
}

/** The jobs with what has happened; the same array if nothing has happened to them. */
export function jobsWithNews(jobs: readonly JobDocument[], news: JobNews): readonly JobDocument[] {
  const changed = jobs.map((job) => jobWithNews(job, news));
  return changed.every((job, i) => job === jobs[i]) ? jobs : changed;
}

/** A job's document with what has happened; the same if nothing has happened to it. */
export function jobWithNews(job: JobDocument, news: JobNews): JobDocument {
  if (news.kind === "job") {
    return news.job.jobId === job.jobId ? { ...job, ...news.job, links: job.links } : job;
  }
  const { jobId, ...end } = news.channel;
  if (jobId !== job.jobId) return job;
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
  for (const { jobId, channels, tileSize } of jobs) {
    if (!recipe?.jobIds.has(jobId)) continue;
    for (const channel of channels) {
      const before = pictures.get(channel.channel);
      const isBetter = before === undefined || (before.state !== "ok" && channel.state === "ok");
      if (isBetter) pictures.set(channel.channel, { ...channel, jobId, tileSize });
    }
  }
  return pictures;
}

/** Of whichever recipe has one, the newest first; else one that is on its way, or failed. */
export function pictureOf({ jobs, recipes }: LayerPictures, channel: number): Picture | null {
  const found = recipes.flatMap((recipe) => picturesOf(jobs, recipe).get(channel) ?? []);
  const inState = (wanted: Picture["state"]) => found.find(({ state }) => state === wanted);
  return inState("ok") ?? inState("waiting") ?? found[0] ?? null;
}
