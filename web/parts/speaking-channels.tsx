import type { ExplanationFigures } from "../api/documents.ts";
import { inDigits, percent, signed } from "../components/contribution.ts";
import { several } from "../components/counted.ts";
import { LitPhotograph, type SmallPhotograph } from "../components/lit-photograph.tsx";
import { Problems } from "../components/problems.tsx";
import { SteadyTile } from "../components/steady-tile.tsx";
import { type LayerPictures, pictureOf } from "../state/layer-pictures.ts";
import { address } from "../state/router.ts";
import { useLayer } from "../state/use-layer.ts";
import { DrawMissing } from "./draw-missing.tsx";
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
          wanted={[{ layer: found.layer, pictures, channels: [...looked] }]}
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
