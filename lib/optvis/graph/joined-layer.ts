import type { CountedLayer } from "./layer-pass.ts";

/**
 * Layers whose channels are counted through, as one: a target may weigh channels of all of them. One
 * alone stays as it is.
 *
 * Its value is no value of the network, but names the layers and where each one's channels and
 * images lie, so that graphs and random draws of other layers have other keys.
 */
export function joinedLayer(layers: readonly CountedLayer[]): CountedLayer {
  const [first, ...others] = layers;
  if (first === undefined) throw new Error("internal: no layers to join");
  if (others.length === 0) return first;
  const places = layers.map(({ value, channelAxis = 1, parts = 1, batchAxis = 0 }) => {
    return [value, channelAxis, parts, batchAxis];
  });
  return {
    value: `joined ${JSON.stringify(places)}`,
    name: layers.map(({ name }) => name).join(" + "),
    channels: layers.reduce((sum, { channels }) => sum + channels, 0),
    joined: layers,
  };
}
