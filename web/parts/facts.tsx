import { animationAddress, getResult, svgAddress, tileAddress } from "../api/client.ts";
import type { ImageDocument } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { Problems } from "../components/problems.tsx";
import { QualityCard } from "../components/quality-card.tsx";
import { TracePlot } from "../components/trace-plot.tsx";
import { address } from "../state/router.ts";
import { useResource } from "../state/use-resource.ts";

interface FactsProps {
  readonly jobId: string;
  readonly channel: number;
  /** Whether the picture shows how it came about. */
  readonly isPlaying: boolean;
  /** Told of the job whose pictures are to show that; `null` for none. */
  readonly onPlay: (jobId: string | null) => void;
}

/** How a picture of a channel came about, and what is known of it. */
export function Facts({ jobId, channel, isPlaying, onPlay }: FactsProps) {
  const result = useResource(`${jobId}/${channel}`, () => getResult(jobId, channel));
  const end = result.value;
  if (end?.state !== "ok") return <Problems problems={result.problems} />;
  return (
    <>
      <section>
        <h2>Activation strength</h2>
        <TracePlot trace={end.trace} />
        {end.animation !== undefined && (
          <div class="row">
            <button
              type="button"
              aria-pressed={isPlaying}
              onClick={() => onPlay(isPlaying ? null : jobId)}
            >
              {isPlaying ? "Stop the ascent" : "Play the ascent"}
            </button>
            <a href={animationAddress(jobId, channel)}>open the animation</a>
          </div>
        )}
      </section>
      <Figures of={end} />
      <section>
        <h2>Quality</h2>
        <QualityCard quality={end.quality} />
      </section>
    </>
  );
}

function Figures({ of }: { readonly of: ImageDocument }) {
  const { jobId, channel, activation, tile, svg, seconds, provider, seed, restarts } = of;
  const { notices = [] } = of;
  return (
    <section>
      <h2>Figures</h2>
      <dl class="figures">
        <dt>activation strength</dt>
        <dd>{activation.toPrecision(5)}</dd>
        <dt>size</dt>
        <dd>
          {tile.width} × {tile.height} px <a href={tileAddress(jobId, channel)}>open the picture</a>
        </dd>
        {svg !== undefined && (
          <>
            <dt>shapes</dt>
            <dd>
              <a href={svgAddress(jobId, channel)}>open the SVG</a>
            </dd>
          </>
        )}
        <dt>drawn in</dt>
        <dd>
          {seconds.toFixed(1)} s on {provider}
        </dd>
        <dt>seed</dt>
        <dd>
          {seed}
          {restarts > 0 && `, after ${several(restarts, "restart")}`}
        </dd>
        <dt>job</dt>
        <dd>
          <a href={address.job(jobId)}>{jobId}</a>
        </dd>
      </dl>
      {notices.map((notice) => (
        <p key={notice}>{notice}</p>
      ))}
    </section>
  );
}
