import { useEffect } from "preact/hooks";

import {
  call,
  cancelJob,
  getJob,
  retryJob,
  sheetAddress,
  svgAddress,
  tileAddress,
} from "../api/client.ts";
import type { JobDocument } from "../api/documents.ts";
import { estimateInWords } from "../components/estimate.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { ProgressBar } from "../components/progress-bar.tsx";
import { SteadyTile } from "../components/steady-tile.tsx";
import { DeepZoom } from "../parts/deep-zoom.tsx";
import { RequestToCopy } from "../parts/request-to-copy.tsx";
import { tileOf } from "../parts/tile-of.ts";
import { isEndOf, isOfChannels, jobWithNews } from "../state/layer-pictures.ts";
import { hasEnded, type JobNews } from "../state/news.ts";
import { recipesOf } from "../state/recipe.ts";
import { address } from "../state/router.ts";
import { useFollowed } from "../state/use-followed.ts";
import { useSending } from "../state/use-sending.ts";
import { useResource } from "../state/use-resource.ts";

const FOLLOWING = {
  withNews: jobWithNews,
  isStale: (job: JobDocument | null, news: JobNews) => job !== null && isEndOf(news, job),
};

/** A job: how far it is, its pictures, its sheet, its request. */
export function JobPage({ jobId }: { readonly jobId: string }) {
  const {
    value: job,
    problems,
    reload,
  } = useFollowed<JobDocument>(jobId, () => getJob(jobId), FOLLOWING);
  const action = useSending();
  const canRetry = useCanRetry();
  const title = job && `${job.layer.name} · ${job.network} · job · dreamgrid`;
  useEffect(() => {
    // in a list of tabs nobody knows an id
    if (title !== null) document.title = title;
  }, [title]);
  const act = (change: (jobId: string) => Promise<unknown>) =>
    action.send(async () => {
      await change(jobId);
      reload();
    });
  return (
    <>
      <div class="heading">
        <div>
          <nav class="path" aria-label="Path">
            <a href={address.jobs()}>jobs</a>
          </nav>
          <h1>{job === null ? "Job" : `${job.network} / ${job.layer.name}`}</h1>
          <p class="quiet">
            <span class="mono">{jobId}</span>
            {job !== null && `, ${new Date(job.createdAt).toLocaleString()}`}
          </p>
        </div>
        {job !== null && (
          <div class="row">
            <a
              class="button"
              href={address.layer(job.network, job.layer.name, { recipe: recipeIdOf(job) })}
            >
              Layer
            </a>
            {/* of hundreds of pictures it is far below */}
            {job.sheet !== null && (
              <a class="button" href={sheetAddress(jobId)}>
                Sheet
              </a>
            )}
            {!hasEnded(job) && job.state !== "cancelling" && (
              <button
                type="button"
                aria-disabled={action.isBusy}
                onClick={() => void act(cancelJob)}
              >
                Cancel
              </button>
            )}
            {hasEnded(job) && job.failed + job.cancelled > 0 && canRetry && (
              <button
                type="button"
                aria-disabled={action.isBusy}
                onClick={() => void act(retryJob)}
              >
                {job.failed > 0 ? "Retry what failed" : "Render the rest"}
              </button>
            )}
          </div>
        )}
      </div>
      <Problems problems={[...problems, ...action.problems]} />
      <Looking at={{ value: job, problems }}>looking for the job</Looking>
      {job !== null && (
        <>
          <ProgressBar job={job}>
            {job.estimate !== null && `estimated: ${estimateInWords(job.estimate)}`}
          </ProgressBar>
          <JobTiles job={job} />
          {job.sheet !== null && <Sheet job={job} {...job.sheet} />}
          <RequestToCopy request={job.shortest} />
        </>
      )}
    </>
  );
}

/** What addresses call the way in which it is drawn; `null` where its tiles are no channels. */
function recipeIdOf(job: JobDocument): string | null {
  return isOfChannels(job) ? recipesOf([job])[0]!.id : null;
}

interface Montage {
  readonly gridSize: readonly [rows: number | null, columns: number | null] | null;
  readonly labels: readonly string[] | string | null;
}

/**
 * Laid as the sheet is where the request says in how many columns, as that of an activation grid
 * does, whose pictures lie as the places of the layer's map and without labels have no captions.
 */
function layoutOf({ request, total }: JobDocument) {
  const { gridSize, labels } = request["montage"] as Montage;
  const [rows, columns] = gridSize ?? [null, null];
  if (rows === null && columns === null) return { class: "tiles many" };
  return {
    class: labels?.length === 0 ? "tiles laid bare" : "tiles laid",
    style: { "--columns": columns ?? Math.ceil(total / rows!) },
  };
}

function JobTiles({ job }: { readonly job: JobDocument }) {
  const { jobId, channels, tileSize, network, layer } = job;
  const recipe = recipeIdOf(job);
  // what is painted of shapes is sharp at any size
  const pictureAddress = Number(job.request["ellipses"] ?? 0) > 0 ? svgAddress : tileAddress;
  return (
    <ol {...layoutOf(job)}>
      {channels.map((each) => {
        const tile = tileOf(each.channel, { ...each, jobId, tileSize });
        const page = address.channel(network, layer.name, each.channel, { recipe });
        return (
          <li key={each.channel}>
            <SteadyTile
              {...tile}
              noun={recipe === null ? "image" : "channel"}
              href={recipe === null ? pictureAddress(jobId, each.channel) : page}
            />
          </li>
        );
      })}
    </ol>
  );
}

interface SheetProps extends Pick<NonNullable<JobDocument["sheet"]>, "deepZoom" | "notices"> {
  readonly job: JobDocument;
}

function Sheet({ job: { jobId, network, layer }, deepZoom, notices }: SheetProps) {
  const name = `the sheet of ${network}, ${layer.name}`;
  return (
    <section class="sheet">
      <div class="row">
        <h2>Sheet</h2>
        <a href={sheetAddress(jobId)}>open the image</a>
      </div>
      {deepZoom === null ? (
        <img src={sheetAddress(jobId)} alt={name} loading="lazy" />
      ) : (
        <DeepZoom jobId={jobId} name={name} {...deepZoom} />
      )}
      {notices.map((notice) => (
        <p key={notice} class="quiet">
          {notice}
        </p>
      ))}
    </section>
  );
}

interface OpenApi {
  readonly paths: Readonly<Record<string, unknown>>;
}

/** Whether this server can draw again what failed. */
function useCanRetry(): boolean {
  const document = useResource("openapi", () => call<OpenApi>("openapi.json"));
  return document.value?.paths["/jobs/{jobId}/retry"] !== undefined;
}
