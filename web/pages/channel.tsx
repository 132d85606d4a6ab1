import { useEffect, useState } from "preact/hooks";

import { Path } from "../parts/path.tsx";
import { animationAddress, getResult, tileAddress } from "../api/client.ts";
import { several } from "../components/counted.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { QualityCard } from "../components/quality-card.tsx";
import { Tile } from "../components/tile.tsx";
import { TracePlot } from "../components/trace-plot.tsx";
import { useLabels } from "../parts/layer-pane.tsx";
import { chosenRecipe, RecipeSelect, useRecipes } from "../parts/recipe-select.tsx";
import { RenderForm } from "../parts/render-form.tsx";
import { RequestToCopy } from "../parts/request-to-copy.tsx";
import { isUndrawn, type Picture, picturesOf, useLayerPictures } from "../state/layer-pictures.ts";
import type { Recipe } from "../state/recipe.ts";
import { address } from "../state/router.ts";
import { useLayer } from "../state/use-layer.ts";
import { useResource } from "../state/use-resource.ts";

interface ChannelPageProps {
  readonly network: string;
  readonly layer: string;
  /** 1-based. */
  readonly channel: number;
  /** `recipe`. */
  readonly query: URLSearchParams;
}

/** Neighbours shown on each side. */
const NEIGHBOURS = 4;

/** A channel: its picture large, how it came about, and its neighbours. */
export function ChannelPage({ network, layer: name, channel, query }: ChannelPageProps) {
  const { layer, problems } = useLayer(network, name);
  const {
    jobs,
    recipes: drawn,
    isLoaded,
    reload,
    ...rest
  } = useLayerPictures(network, layer?.index ?? null);
  const recipeId = query.get("recipe");
  // unless one is asked for, that which has a picture of the channel
  const hasPicture = (each: Recipe) => picturesOf(jobs, each).get(channel)?.state === "ok";
  const recipes = useRecipes(drawn, layer, isLoaded);
  const recipe = chosenRecipe(recipes, recipeId ?? drawn.find(hasPicture)?.id ?? null);
  const pictures = picturesOf(jobs, recipe);
  const picture = pictures.get(channel) ?? null;
  const labelOf = useLabels(network, layer);
  const label = picture?.label ?? labelOf(channel);
  const count = layer?.channels ?? 0;
  const hrefOf = (other: number) => address.channel(network, name, other, { recipe: recipeId });
  const [playing, setPlaying] = useState<string | null>(null);
  const isBeyond = layer !== null && channel > count;
  const before = isBeyond ? count : channel - 1;
  useStepKeys(channel > 1 ? hrefOf(before) : null, channel < count ? hrefOf(channel + 1) : null);
  return (
    <>
      <div class="heading">
        <div>
          <Path network={network}>
            <a href={address.layer(network, name, { recipe: recipeId })}>{layer?.name ?? name}</a>
          </Path>
          <h1>
            Channel {channel}
            {label !== null && <span class="quiet"> {label}</span>}
          </h1>
        </div>
        <nav class="row" aria-label="Channels">
          {channel > 1 && (
            <a class="button" href={hrefOf(before)}>
              ← {before}
            </a>
          )}
          {channel < count && (
            <a class="button" href={hrefOf(channel + 1)}>
              {channel + 1} →
            </a>
          )}
        </nav>
      </div>
      <Problems problems={[...problems, ...rest.problems]} />
      <Looking at={{ value: layer, problems }}>looking at the network</Looking>
      {layer !== null && !isLoaded && (
        <Looking at={{ value: null, problems: rest.problems }}>looking for its pictures</Looking>
      )}
      {isBeyond && (
        <Problems
          problems={[`layer '${layer.name}' has channels 1 to ${count}; given ${channel}`]}
        />
      )}
      {layer !== null && isLoaded && !isBeyond && (
        <div class="channel">
          <LargePicture
            channel={channel}
            label={label}
            picture={picture}
            isMoving={playing !== null && playing === picture?.jobId}
          />
          <div class="facts">
            <RecipeSelect
              {...recipes}
              layer={layer}
              called={recipeId}
              shown={recipe}
              onRecipe={(id) =>
                (location.hash = address.channel(network, name, channel, { recipe: id }))
              }
            />
            {picture?.state === "ok" && (
              <Facts
                key={picture.jobId}
                jobId={picture.jobId}
                channel={channel}
                isPlaying={playing === picture.jobId}
                onPlay={setPlaying}
              />
            )}
            {picture !== null && recipe !== null && (
              <RequestToCopy
                request={{ network, layer: layer.name, channels: [channel], ...recipe.fields }}
              />
            )}
            {isUndrawn(picture) && (
              <RenderForm
                network={network}
                layer={layer}
                recipe={recipe}
                missing={[channel]}
                canDrawAll
                onStarted={reload}
              />
            )}
          </div>
        </div>
      )}
      {layer !== null && !isBeyond && (
        <section aria-label="Neighbours">
          <ol class="tiles neighbours">
            {neighboursOf(channel, count).map((other) => {
              const found = pictures.get(other);
              return (
                <li key={other} aria-current={other === channel ? "true" : undefined}>
                  <Tile
                    channel={other}
                    label={found?.label ?? labelOf(other)}
                    state={found?.state ?? "none"}
                    src={found?.state === "ok" ? tileAddress(found.jobId, other) : null}
                    width={found?.tileSize.width ?? 1}
                    height={found?.tileSize.height ?? 1}
                    href={hrefOf(other)}
                  />
                </li>
              );
            })}
          </ol>
        </section>
      )}
    </>
  );
}

interface LargePictureProps {
  readonly channel: number;
  readonly label: string | null;
  readonly picture: Picture | null;
  /** Whether it shows how it came about. */
  readonly isMoving: boolean;
}

function LargePicture({ channel, label, picture, isMoving }: LargePictureProps) {
  const { width, height } = picture?.tileSize ?? { width: 1, height: 1 };
  const addressOf = isMoving ? animationAddress : tileAddress;
  return (
    <figure class="large">
      <Tile
        channel={channel}
        label={label}
        state={picture?.state ?? "none"}
        src={picture?.state === "ok" ? addressOf(picture.jobId, channel) : null}
        width={width}
        height={height}
        reason={picture?.reason ?? (picture === null ? "not rendered yet" : null)}
      />
    </figure>
  );
}

interface FactsProps {
  readonly jobId: string;
  readonly channel: number;
  /** Whether the picture shows how it came about. */
  readonly isPlaying: boolean;
  /** Told of the job whose pictures are to show that; `null` for none. */
  readonly onPlay: (jobId: string | null) => void;
}

function Facts({ jobId, channel, isPlaying, onPlay }: FactsProps) {
  const result = useResource(`${jobId}/${channel}`, () => getResult(jobId, channel));
  const end = result.value;
  if (end?.state !== "ok") return <Problems problems={result.problems} />;
  const { trace, activation, seconds, provider, seed, restarts, tile, quality, notices = [] } = end;
  return (
    <>
      <section>
        <h2>Activation strength</h2>
        <TracePlot trace={trace} />
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
      <section>
        <h2>Figures</h2>
        <dl class="figures">
          <dt>activation strength</dt>
          <dd>{activation.toPrecision(5)}</dd>
          <dt>size</dt>
          <dd>
            {tile.width} × {tile.height} px
          </dd>
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
      <section>
        <h2>Quality</h2>
        <QualityCard quality={quality} />
      </section>
    </>
  );
}

function neighboursOf(channel: number, count: number): readonly number[] {
  const first = Math.max(1, Math.min(channel - NEIGHBOURS, count - 2 * NEIGHBOURS));
  const length = Math.max(0, Math.min(2 * NEIGHBOURS + 1, count - first + 1));
  return Array.from({ length }, (_, i) => first + i);
}

/** The arrow keys lead to the channel before and behind, unless something is being written. */
function useStepKeys(before: string | null, behind: string | null) {
  useEffect(() => {
    const follow = ({ key, target, altKey, ctrlKey, metaKey }: KeyboardEvent) => {
      if (altKey || ctrlKey || metaKey) return;
      // what takes the arrows itself: fields, and text that is wider than its place
      if (target instanceof Element && target.closest("input, select, textarea, pre")) return;
      if (key === "ArrowLeft" && before !== null) location.hash = before;
      if (key === "ArrowRight" && behind !== null) location.hash = behind;
    };
    addEventListener("keydown", follow);
    return () => removeEventListener("keydown", follow);
  }, [before, behind]);
}
