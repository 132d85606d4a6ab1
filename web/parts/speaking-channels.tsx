import { createJob } from "../api/client.ts";
import type { ExplanationFigures, LayerDocument } from "../api/documents.ts";
import { inDigits, percent, signed } from "../components/contribution.ts";
import { several } from "../components/counted.ts";
import { LitPhotograph, type SmallPhotograph } from "../components/lit-photograph.tsx";
import { Problems } from "../components/problems.tsx";
import { ProgressBar } from "../components/progress-bar.tsx";
import { SteadyTile } from "../components/steady-tile.tsx";
import {
  isUndrawn,
  type LayerPictures,
  type Picture,
  picturesOf,
} from "../state/layer-pictures.ts";
import { hasEnded } from "../state/news.ts";
import { suggestedRecipe } from "../state/recipe.ts";
import { address } from "../state/router.ts";
import { useLayer } from "../state/use-layer.ts";
import { useSending } from "../state/use-sending.ts";
import { RenderEstimate } from "./render-estimate.tsx";
import { tileOf } from "./tile-of.ts";

interface SpeakingChannelsProps {
  readonly network: string;
  readonly figures: ExplanationFigures;
  /** `null` while it is not there. */
  readonly photograph: SmallPhotograph | null;
  /** Of the layer. */
  readonly pictures: LayerPictures;
  /** Channels (1-based) whose pictures are looked at elsewhere on the page. */
  readonly others: readonly number[];
}

/** The channels that speak most for a class: each one's picture, and where it speaks from. */
export function SpeakingChannels({
  network,
  figures,
  photograph,
  pictures,
  others,
}: SpeakingChannelsProps) {
  const { class: of, layer, channels, score, contributed, mapSize, specialTokens } = figures;
  const ofTokens = specialTokens.reduce((sum, token) => sum + token, 0);
  const found = useLayer(network, layer.name);
  const looked = new Set([...channels.map(({ channel }) => channel), ...others]);
  return (
    <section class="speaking">
      <h2>
        {channels.length === 0 ? "Nothing" : "What"} speaks for {of.label} in{" "}
        <a href={address.layer(network, layer.name)}>{layer.name}</a>
      </h2>
      <p class="quiet">
        Its {several(layer.channels, "channel")} contribute {inDigits(contributed)} to the score{" "}
        {inDigits(score)}
        {specialTokens.length > 0 &&
          `, ${inDigits(ofTokens)} of it by ${specialTokens.length === 1 ? "a token that is" : "tokens that are"} no place`}
        ;{" "}
        {channels.length === 0
          ? "none of them speaks for the class. Choose another class or layer."
          : `here are those that contribute most, ${mapSize === null ? "from no place, as the layer has no map" : "and where in the photograph each speaks from"}.`}
      </p>
      <Problems problems={[...found.problems, ...pictures.problems]} />
      {found.layer !== null && looked.size > 0 && (
        <DrawMissing
          network={network}
          layer={found.layer}
          pictures={pictures}
          missing={[...looked].filter((channel) => isUndrawn(pictureOf(pictures, channel)))}
        />
      )}
      <ol class="tiles">
        {channels.map(({ channel, contribution, share, places: own }) => (
          <li key={channel}>
            <SteadyTile
              {...tileOf(channel, pictureOf(pictures, channel))}
              href={address.channel(network, layer.name, channel)}
            />
            <Lit {...{ figures, photograph, map: own }} who={`channel ${channel} speaks`} />
            <span class="amount">
              {signed(contribution)}
              {share !== null && <span class="quiet"> {percent(share)}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface LitProps extends Pick<SpeakingChannelsProps, "figures" | "photograph"> {
  readonly map: readonly number[];
  /** Who does what for the class. */
  readonly who: string;
}

/** The photograph, lit where somebody speaks from; nothing where that is no place. */
export function Lit({ figures: { class: of, mapSize }, photograph, map, who }: LitProps) {
  if (photograph === null || mapSize === null) return null;
  const text = `the photograph, bright where ${who} for ${of.label}`;
  return <LitPhotograph {...{ photograph, map, mapSize, text }} />;
}

/** Of whichever recipe has one, the newest first; else one that is on its way, or failed. */
export function pictureOf({ jobs, recipes }: LayerPictures, channel: number): Picture | null {
  const found = recipes.flatMap((recipe) => picturesOf(jobs, recipe).get(channel) ?? []);
  const inState = (wanted: Picture["state"]) => found.find(({ state }) => state === wanted);
  return inState("ok") ?? inState("waiting") ?? found[0] ?? null;
}

interface DrawMissingProps {
  readonly network: string;
  readonly layer: LayerDocument;
  readonly pictures: LayerPictures;
  /** 1-based; those that have no picture and wait for none. */
  readonly missing: readonly number[];
}

/** Draws what there is no picture of, as the layer is best drawn. */
function DrawMissing({ network, layer, pictures, missing }: DrawMissingProps) {
  const { isBusy, problems, send } = useSending();
  const { isLoaded, reload, jobs } = pictures;
  const recipe = suggestedRecipe(layer);
  const request = {
    ...recipe?.fields,
    network,
    layer: layer.index,
    channels: missing.toSorted((a, b) => a - b),
  };
  const draw = () =>
    send(async () => {
      await createJob(request);
      reload();
    });
  const canDraw = isLoaded && layer.renderable && missing.length > 0;
  return (
    <div class="row draw-missing" aria-busy={!isLoaded}>
      {canDraw && (
        <>
          <button class="primary" type="button" aria-disabled={isBusy} onClick={() => void draw()}>
            Draw the missing {missing.length === 1 ? "picture" : `${missing.length} pictures`}
          </button>
          <RenderEstimate these={request} all={null} />
        </>
      )}
      <Problems problems={layer.problem === null ? problems : [layer.problem, ...problems]} />
      {jobs
        .filter((job) => !hasEnded(job))
        .map((job) => (
          <a key={job.jobId} href={address.job(job.jobId)}>
            <ProgressBar job={job} />
          </a>
        ))}
    </div>
  );
}
