import { useEffect, useState } from "preact/hooks";

import { isSilence, listJobs } from "../api/client.ts";
import type { ChannelDocument, JobSummary } from "../api/documents.ts";

/** A channel of a job that has ended. */
export interface ChannelNews extends Pick<
  ChannelDocument,
  "channel" | "state" | "activation" | "reason" | "quality"
> {
  readonly jobId: string;
}

/** What has happened to a job. */
export type JobNews =
  | { readonly kind: "job"; readonly job: JobSummary }
  | { readonly kind: "channel"; readonly channel: ChannelNews };

/** What has happened to jobs, as far as the page has heard. */
export type News =
  | JobNews
  /** News may have been missed: look again. */
  | { readonly kind: "again" };

/** What tabs tell each other: news, and that none can be heard. */
type Told = News | { readonly kind: "away" };

type Listener = (news: News) => void;

const POLL_MS = 2_000;
const POLL_IDLE_MS = 10_000;
/**
 * A pause is at least so many times as long as the answer took: many jobs are asked for less often.
 */
const POLL_PAUSE = 4;
const RECONNECT_MS = 1_000;

const listeners = new Set<Listener>();
let isStarted = false;

/** Returns the function that ends the listening. The first listener opens the connection. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (!isStarted) {
    isStarted = true;
    // a connection may outlast a break in which whatever was asked for failed
    addEventListener("online", () => tell({ kind: "again" }));
    if (document.documentElement.dataset["news"] === "events") void share();
    else void poll();
  }
  return () => void listeners.delete(listener);
}

/** Whether the server cannot be heard, and who is to know. */
let isAway = false;
const awayListeners = new Set<(isAway: boolean) => void>();

function tell(told: Told): void {
  const wasAway = isAway;
  isAway = told.kind === "away";
  if (isAway !== wasAway) for (const listener of awayListeners) listener(isAway);
  if (told.kind === "away") return;
  for (const listener of listeners) listener(told);
}

/** Of the lock that the tab with the connection holds, and of the channel on which it tells others. */
const SHARED = "dreamgrid-news";

/**
 * One connection for all tabs: a browser opens no more than six to a server, and with one that
 * stays open in each, the seventh tab would wait for ever.
 */
async function share(): Promise<void> {
  // only pages of this machine, or over HTTPS, have locks
  if (!isSecureContext) return connect(tell);
  const others = new BroadcastChannel(SHARED);
  others.addEventListener("message", ({ data }) => tell(data as Told));
  const tellAll = (told: Told) => {
    tell(told);
    others.postMessage(told);
  };
  const hold = () => {
    connect(tellAll);
    // until the tab is closed
    return new Promise<never>(() => {});
  };
  await navigator.locks.request(SHARED, { ifAvailable: true }, (lock) => lock && hold());
  await navigator.locks.request(SHARED, () => {
    // of what came after the tab before had gone, nobody has been told
    tellAll({ kind: "again" });
    return hold();
  });
}

/** Server-sent events; when the server has gone, until it is there again. */
function connect(onNews: (told: Told) => void, hadFailed = false): void {
  let hasFailed = hadFailed;
  const source = new EventSource("events");
  source.addEventListener("open", () => hasFailed && onNews({ kind: "again" }));
  source.addEventListener("job", ({ data }) =>
    onNews({ kind: "job", job: JSON.parse(String(data)) as JobSummary }),
  );
  source.addEventListener("channel", ({ data }) =>
    onNews({ kind: "channel", channel: JSON.parse(String(data)) as ChannelNews }),
  );
  source.addEventListener("error", () => {
    hasFailed = true;
    onNews({ kind: "away" });
    // the browser itself tries again, but not after every kind of failure
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => connect(onNews, true), RECONNECT_MS);
    }
  });
}

const FINAL: ReadonlySet<JobSummary["state"]> = new Set([
  "completed",
  "completed_with_failures",
  "cancelled",
]);

export const hasEnded = ({ state }: Pick<JobSummary, "state">) => FINAL.has(state);

let isWanted = false;
let endPause = () => {};

/**
 * After something was sent that will have news: where these are asked for, no pause is waited out.
 */
export function askSoon(): void {
  isWanted = true;
  endPause();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    endPause = resolve;
    setTimeout(resolve, isWanted ? 0 : ms);
  });
}

/** Asks for the jobs again and again, and tells of those that have changed. */
async function poll(): Promise<void> {
  const known = new Map<string, string>();
  let hasFailed = false;
  for (;;) {
    isWanted = false;
    const asked = performance.now();
    const answer = await listJobs().catch((error: unknown) => {
      if (isSilence(error)) tell({ kind: "away" });
      return null;
    });
    const jobs = answer ?? [];
    const tookMs = performance.now() - asked;
    // whatever else was asked for meanwhile had no answer either
    let hasChanged = answer !== null && hasFailed;
    hasFailed = answer === null;
    for (const job of jobs) {
      const text = JSON.stringify(job);
      const before = known.get(job.jobId);
      known.set(job.jobId, text);
      if (before !== text) tell({ kind: "job", job });
      hasChanged ||= before !== text;
    }
    // which channels have ended is not in a summary; of a job that is new here a page may know how
    // it stood before
    if (hasChanged) tell({ kind: "again" });
    const pauseMs = jobs.every(hasEnded) ? POLL_IDLE_MS : POLL_MS;
    await pause(Math.max(pauseMs, POLL_PAUSE * tookMs));
  }
}

/** Calls `listener` of each news for as long as the component is there. */
export function useNews(listener: Listener): void {
  const [latest] = useState<{ listener: Listener }>({ listener });
  latest.listener = listener;
  useEffect(() => listen((news) => latest.listener(news)), [latest]);
}

/** Whether the server cannot be heard at the moment. */
export function useIsAway(): boolean {
  const [is, set] = useState(isAway);
  useEffect(() => {
    awayListeners.add(set);
    set(isAway);
    return () => void awayListeners.delete(set);
  }, []);
  return is;
}
