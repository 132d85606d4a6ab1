import { Path } from "../parts/path.tsx";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { ProgressBar } from "../components/progress-bar.tsx";
import { AtlasForm } from "../parts/atlas-form.tsx";
import { AtlasWall } from "../parts/atlas-wall.tsx";
import { CancelAll } from "../parts/cancel-all.tsx";
import { longestRow, progressOfAll, useSecondsLeft } from "../state/atlas.ts";
import { useKept } from "../state/kept.ts";
import { hasEnded } from "../state/news.ts";
import { useJobs } from "../state/use-jobs.ts";

/** Pixels of a picture on the wall. */
const THUMB = { least: 16, usual: [32, 112], most: 224 } as const;
const STEP = 1.4;
/** Of the window's width, besides names and margins. */
const WALL_SHARE = 0.7;
const GAP = 2;

const between = (least: number, value: number, most: number) =>
  Math.round(Math.min(most, Math.max(least, value)));

/** At first a row fits the window, as far as one can see something on its pictures. */
const fitting = (count: number) =>
  between(THUMB.usual[0], (innerWidth * WALL_SHARE) / count - GAP, THUMB.usual[1]);

/** The whole network as a wall of pictures, a row for each layer that has some. */
export function AtlasPage({ network }: { readonly network: string }) {
  const all = useJobs(network);
  const jobs = all.value ?? [];
  const [chosen, setThumb] = useKept<number | null>("thumb", null);
  const fitted = fitting(longestRow(jobs));
  const thumb = chosen ?? fitted;
  const zoom = (factor: number) =>
    setThumb((before) => between(THUMB.least, (before ?? fitted) * factor, THUMB.most));
  const secondsLeft = useSecondsLeft(jobs);
  const running = progressOfAll(
    jobs.filter((job) => !hasEnded(job)),
    secondsLeft,
  );
  return (
    <>
      <div class="heading">
        <div>
          <Path network={network} />
          <h1>Atlas</h1>
        </div>
        {jobs.length > 0 && (
          <div class="row" role="group" aria-label="Size of the pictures">
            <button type="button" aria-label="smaller" onClick={() => zoom(1 / STEP)}>
              −
            </button>
            <input
              type="range"
              class="zoom"
              aria-label="pixels of a picture"
              min={THUMB.least}
              max={THUMB.most}
              value={thumb}
              onInput={({ currentTarget }) => setThumb(Number(currentTarget.value))}
            />
            <button type="button" aria-label="larger" onClick={() => zoom(STEP)}>
              +
            </button>
          </div>
        )}
      </div>
      <Problems problems={all.problems} />
      <AtlasForm network={network} onStarted={all.reload} />
      {running !== null && (
        <div class="stoppable">
          <ProgressBar job={running} />
          <CancelAll jobs={jobs} />
        </div>
      )}
      <Looking at={all}>looking for its pictures</Looking>
      {all.value !== null && jobs.length === 0 && (
        <p class="quiet">
          No pictures yet. An atlas draws the first channels of every convolution and of the
          classifier; the wall fills as they come.
        </p>
      )}
      {jobs.length > 0 && <AtlasWall network={network} jobs={jobs} thumb={thumb} onZoom={zoom} />}
    </>
  );
}
