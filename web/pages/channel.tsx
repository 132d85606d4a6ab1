import { useEffect, useState } from "preact/hooks";

import { Path } from "../parts/path.tsx";
import { animationAddress } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { Tile, type TileProps } from "../components/tile.tsx";
import { Facts } from "../parts/facts.tsx";
import { type LayerPaneProps, useLabels } from "../parts/layer-pane.tsx";
import { chosenRecipe, RecipeSelect, useRecipes } from "../parts/recipe-select.tsx";
import { RenderForm } from "../parts/render-form.tsx";
import { RequestToCopy } from "../parts/request-to-copy.tsx";
import { tileOf } from "../parts/tile-of.ts";
import { isUndrawn, type Picture, picturesOf, useLayerPictures } from "../state/layer-pictures.ts";
import type { Recipe } from "../state/recipe.ts";
import { address } from "../state/router.ts";
import { useLayer } from "../state/use-layer.ts";

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
  const recipeId = query.get("recipe");
  const found = useChannels(network, name, { channel, recipeId });
  const { layer, isLoaded, tileAt } = found;
  const hrefOf = (other: number, id = recipeId) =>
    address.channel(network, name, other, { recipe: id });
  const { label } = tileAt(channel);
  const problem = layer && problemOf(layer, channel);
  const problems = [...found.problems, ...(problem === null ? [] : [problem])];
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
        <Steps channel={channel} count={layer && (layer.channels ?? 0)} hrefOf={hrefOf} />
      </div>
      <Problems problems={problems} />
      <Looking at={{ value: layer, problems }}>looking at the network</Looking>
      {layer !== null && !isLoaded && (
        <Looking at={{ value: null, problems }}>looking for its pictures</Looking>
      )}
      {layer !== null && isLoaded && problem === null && (
        <Subject
          {...{ network, layer, channel, found }}
          recipeId={recipeId}
          onRecipe={(id) => (location.hash = hrefOf(channel, id))}
        />
      )}
      {layer !== null && problem === null && (
        <Neighbours channel={channel} count={layer.channels ?? 0} tileAt={tileAt} hrefOf={hrefOf} />
      )}
    </>
  );
}

interface SubjectProps extends LayerPaneProps {
  readonly channel: number;
  readonly found: ReturnType<typeof useChannels>;
}

/** The picture, and what is known of it or draws it. */
function Subject({ network, layer, channel, found, recipeId, onRecipe }: SubjectProps) {
  const { recipes, recipe, pictureOf, tileAt } = found;
  const [playing, setPlaying] = useState<string | null>(null);
  const picture = pictureOf(channel);
  return (
    <div class="channel">
      <LargePicture
        tile={tileAt(channel)}
        picture={picture}
        isMoving={playing === picture?.jobId}
      />
      <div class="facts">
        <RecipeSelect
          {...recipes}
          layer={layer}
          called={recipeId}
          shown={recipe}
          onRecipe={onRecipe}
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
            onStarted={found.reload}
          />
        )}
      </div>
    </div>
  );
}

/** What there is of a layer's channels in the recipe that is asked for. */
function useChannels(
  network: string,
  layerName: string,
  { channel, recipeId }: { readonly channel: number; readonly recipeId: string | null },
) {
  const { layer, problems } = useLayer(network, layerName);
  const found = useLayerPictures(network, layer?.index ?? null);
  const { jobs, recipes: drawn, isLoaded, reload } = found;
  // unless one is asked for, that which has a picture of the channel
  const hasPicture = (each: Recipe) => picturesOf(jobs, each).get(channel)?.state === "ok";
  const recipes = useRecipes(drawn, layer, isLoaded);
  const recipe = chosenRecipe(recipes, recipeId ?? drawn.find(hasPicture)?.id ?? null);
  const pictures = picturesOf(jobs, recipe);
  const labelOf = useLabels(network, layer);
  const pictureOf = (each: number) => pictures.get(each) ?? null;
  const tileAt = (each: number) => tileOf(each, pictureOf(each), labelOf);
  const all = [...problems, ...found.problems];
  return { layer, problems: all, isLoaded, reload, recipes, recipe, pictureOf, tileAt };
}

/** Why there is nothing to see of the channel; `null` if there may be. */
function problemOf({ name, channels, problem }: LayerDocument, channel: number): string | null {
  if (problem !== null || channel <= (channels ?? 0)) return problem;
  return `layer '${name}' has channels 1 to ${channels}; given ${channel}`;
}

interface StepsProps {
  readonly channel: number;
  /** Channels of the layer; `null` while they are not known. */
  readonly count: number | null;
  readonly hrefOf: (channel: number) => string;
}

/** Lead to the channel before and behind, by the arrow keys too. */
function Steps({ channel, count, hrefOf }: StepsProps) {
  const before = Math.min(channel - 1, count ?? Infinity);
  const behind = channel < (count ?? 0) ? channel + 1 : null;
  useStepKeys(before > 0 ? hrefOf(before) : null, behind === null ? null : hrefOf(behind));
  return (
    <nav class="row" aria-label="Channels">
      {before > 0 && (
        <a class="button" href={hrefOf(before)}>
          ← {before}
        </a>
      )}
      {behind !== null && (
        <a class="button" href={hrefOf(behind)}>
          {behind} →
        </a>
      )}
    </nav>
  );
}

interface LargePictureProps {
  readonly tile: TileProps;
  readonly picture: Picture | null;
  /** Whether it shows how it came about. */
  readonly isMoving: boolean;
}

function LargePicture({ tile, picture, isMoving }: LargePictureProps) {
  const src = isMoving && picture ? animationAddress(picture.jobId, tile.channel) : tile.src;
  const reason = picture === null ? "not rendered yet" : tile.reason;
  return (
    <figure class="large">
      <Tile {...tile} src={src} reason={reason ?? null} />
    </figure>
  );
}

interface NeighboursProps {
  readonly channel: number;
  /** Channels of the layer. */
  readonly count: number;
  readonly tileAt: (channel: number) => TileProps;
  readonly hrefOf: (channel: number) => string;
}

function Neighbours({ channel, count, tileAt, hrefOf }: NeighboursProps) {
  return (
    <section aria-label="Neighbours">
      <ol class="tiles neighbours">
        {neighboursOf(channel, count).map((other) => (
          <li key={other} aria-current={other === channel ? "true" : undefined}>
            <Tile {...tileAt(other)} reason={null} href={hrefOf(other)} />
          </li>
        ))}
      </ol>
    </section>
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
