import { useState } from "preact/hooks";

import { Path } from "../parts/path.tsx";
import { animationAddress } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { Tile, type TileProps } from "../components/tile.tsx";
import { ExcitedBy } from "../parts/excited-by.tsx";
import { Facts } from "../parts/facts.tsx";
import { MadeOf } from "../parts/made-of.tsx";
import type { LayerPaneProps } from "../parts/layer-pane.tsx";
import { chosenRecipe, RecipeSelect, useRecipes } from "../parts/recipe-select.tsx";
import { RenderForm } from "../parts/render-form.tsx";
import { RequestToCopy } from "../parts/request-to-copy.tsx";
import { Steps } from "../parts/steps.tsx";
import { tileOf } from "../parts/tile-of.ts";
import { isUndrawn, type Picture, picturesOf, useLayerPictures } from "../state/layer-pictures.ts";
import type { Recipe } from "../state/recipe.ts";
import { address } from "../state/router.ts";
import { useLabels } from "../state/use-labels.ts";
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
  const { before, behind } = stepsAround(channel, layer && (layer.channels ?? 0));
  const stepTo = (other: number | null) =>
    other === null ? null : { text: `${other}`, href: hrefOf(other) };
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
        <Steps label="Channels" before={stepTo(before)} behind={stepTo(behind)} />
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
      {layer !== null && problem === null && <ExcitedBy {...{ network, layer, channel }} />}
      {layer !== null && problem === null && (
        <MadeOf key={`${network}/${layer.index}`} {...{ network, layer, channel }} />
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

/** The channels before and behind. @param count of the layer; `null` while it is not known */
function stepsAround(channel: number, count: number | null) {
  const before = Math.min(channel - 1, count ?? Infinity);
  return {
    before: before > 0 ? before : null,
    behind: channel < (count ?? 0) ? channel + 1 : null,
  };
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
