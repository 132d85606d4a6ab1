import { useEffect, useRef } from "preact/hooks";

import type { JobDocument, JobSummary } from "../api/documents.ts";
import type { Progress } from "../components/progress-bar.tsx";
import { Countdown } from "./countdown.ts";
import {
  documentsOf,
  isOfChannels,
  jobsWithNews,
  type Picture,
  picturesOf,
} from "./layer-pictures.ts";
import { hasEnded, type JobNews } from "./news.ts";
import { recipesOf } from "./recipe.ts";
import { useFollowed } from "./use-followed.ts";

/** A layer that something has been drawn of. */
export interface AtlasRow {
  /** 1-based. */
  readonly index: number;
  readonly name: string;
  /** The newest first. */
  readonly jobs: readonly JobSummary[];
}

/** The layers of a network's jobs, in the network's order. @param jobs newest first */
export function rowsOf(jobs: readonly JobSummary[]): readonly AtlasRow[] {
  const rows = new Map<number, { index: number; name: string; jobs: JobSummary[] }>();
  for (const job of jobs) {
    const { index, name } = job.layer;
    const row = rows.get(index);
    if (row === undefined) rows.set(index, { index, name, jobs: [job] });
    else row.jobs.push(job);
  }
  return [...rows.values()].toSorted((a, b) => a.index - b.index);
}

/** Of a job itself the row's summaries tell. */
const CHANNELS_ALONE = {
  withNews: (jobs: readonly JobDocument[], news: JobNews) =>
    news.kind === "channel" ? jobsWithNews(jobs, news) : jobs,
  isStale: () => false,
};

interface RowPictures {
  /**
   * What addresses call the recipe that most of the row have; `null` while none is known, and of
   * targets.
   */
  readonly recipe: string | null;
  /**
   * Those of that recipe, in the order of their channels; of a layer of which no channel has been
   * asked for, those of the newest job's targets.
   */
  readonly pictures: readonly Picture[];
}

/** A row's pictures. */
export function useRowPictures({ index, jobs }: AtlasRow): RowPictures {
  const key = `${jobs[0]?.network ?? ""}/${index}`;
  const { value, reload } = useFollowed(key, () => documentsOf(jobs), CHANNELS_ALONE);
  // between its beginning and its end, the news of its channels say all of a job
  const stand = jobs.map((job) => `${job.jobId} ${hasEnded(job)}`).join();
  const seen = useRef(stand);
  useEffect(() => {
    if (seen.current === stand) return;
    seen.current = stand;
    reload();
  }, [stand, reload]);
  return rowPicturesOf(value ?? []);
}

/** @param jobs of a layer, the newest first */
function rowPicturesOf(jobs: readonly JobDocument[]): RowPictures {
  const ofChannels = jobs.filter(isOfChannels);
  const drawn = recipesOf(ofChannels).map((recipe) => {
    return { recipe: recipe.id, pictures: [...picturesOf(ofChannels, recipe).values()] };
  });
  const [most] = drawn.toSorted((a, b) => b.pictures.length - a.pictures.length);
  if (most !== undefined) {
    return { ...most, pictures: most.pictures.toSorted((a, b) => a.channel - b.channel) };
  }
  const isDrawn = ({ channels }: JobDocument) => channels.some(({ state }) => state === "ok");
  const ofTargets = jobs.find(isDrawn) ?? jobs[0];
  if (ofTargets === undefined) return { recipe: null, pictures: [] };
  const { jobId, tileSize, channels } = ofTargets;
  return { recipe: null, pictures: channels.map((each) => ({ ...each, jobId, tileSize })) };
}

/** Pictures of the longest row. @param jobs of one network */
export function longestRow(jobs: readonly JobSummary[]): number {
  return Math.max(1, ...jobs.map(({ total }) => total));
}

/** How far several jobs are together; `null` where there are none. */
export function progressOfAll(
  jobs: readonly JobSummary[],
  secondsLeft: number | null,
): Progress | null {
  if (jobs.length === 0) return null;
  const sum = (figure: (job: JobSummary) => number) =>
    jobs.reduce((total, job) => total + figure(job), 0);
  const isRunning = jobs.some(({ state }) => state !== "queued");
  const iterations = {
    done: sum((job) => job.iterations.done),
    total: sum((job) => job.iterations.total),
  };
  return {
    state: isRunning ? "running" : "queued",
    total: sum(({ total }) => total),
    ok: sum(({ ok }) => ok),
    failed: sum(({ failed }) => failed),
    cancelled: sum(({ cancelled }) => cancelled),
    iterations,
    secondsLeft,
  };
}

/**
 * Seconds until all jobs have ended: jobs that share the workers do not know how long they will wait
 * for each other. `null` where that cannot be told.
 */
export function useSecondsLeft(jobs: readonly JobSummary[]): number | null {
  const countdown = useRef(new Countdown());
  const running = jobs.filter((job) => !hasEnded(job));
  const sum = (some: readonly JobSummary[], figure: "done" | "total") =>
    some.reduce((total, { iterations }) => total + iterations[figure], 0);
  const left = sum(running, "total") - sum(running, "done");
  const work = running.length === 0 ? null : { done: sum(jobs, "done"), left };
  return countdown.current.secondsLeft(work, performance.now());
}
