import { useRef } from "preact/hooks";

import type { LayerDocument } from "../api/documents.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { AroundLayer } from "../parts/around-layer.tsx";
import { BesidePicker } from "../parts/beside-picker.tsx";
import { LayerPane } from "../parts/layer-pane.tsx";
import { NodeFacts } from "../parts/node-facts.tsx";
import { Path } from "../parts/path.tsx";
import { Steps } from "../parts/steps.tsx";
import { address } from "../state/router.ts";
import { useLayer } from "../state/use-layer.ts";

interface LayerPageProps {
  readonly network: string;
  readonly layer: string;
  /** `recipe`; `beside`, "network/layer" to compare with, and `besideRecipe`. */
  readonly query: URLSearchParams;
}

/** A layer: a grid of its channels, and another beside it to compare. */
export function LayerPage({ network, layer: name, query }: LayerPageProps) {
  const { layers, layer, problems } = useLayer(network, name);
  const beside = besideOf(query);
  const compare = useRef<HTMLButtonElement>(null);
  const go = (changes: Readonly<Record<string, string | null>>) => {
    const next = { ...Object.fromEntries(query), ...changes };
    location.hash = address.layer(network, name, next);
  };
  const { before, behind } = renderableAround(layers, layer?.index ?? 0);
  // what it is compared with stays; the recipe is the other layer's own
  const stepTo = (other: LayerDocument | undefined) =>
    other === undefined
      ? null
      : {
          text: other.name,
          href: address.layer(network, other.name, {
            beside: query.get("beside"),
            besideRecipe: query.get("besideRecipe"),
          }),
        };
  return (
    <>
      <div class="heading">
        <div>
          <Path network={network} />
          <h1>{layer?.name ?? name}</h1>
          {layer !== null && <AroundLayer network={network} layer={layer} layers={layers} />}
        </div>
        {layer !== null && (
          <div class="row">
            <Steps label="Layers" before={stepTo(before)} behind={stepTo(behind)} />
            {layer.renderable && (
              <button
                ref={compare}
                type="button"
                aria-pressed={beside !== null}
                onClick={() => {
                  const own = `${network}/${layer.name}`;
                  go({ besideRecipe: null, beside: beside === null ? own : null });
                }}
              >
                Compare
              </button>
            )}
          </div>
        )}
      </div>
      <Problems problems={problems} />
      <Looking at={{ value: layer, problems }}>looking at the network</Looking>
      {layer !== null && layer.problem !== null && <Problems problems={[layer.problem]} />}
      {layer !== null && layer.index > 1 && (
        <NodeFacts
          key={`node ${network}/${layer.index}`}
          network={network}
          layer={layer}
          layers={layers}
        />
      )}
      {layer !== null && layer.renderable && (
        <div class={beside === null ? "panes" : "panes two"}>
          <section aria-label={`${network}, ${layer.name}`}>
            {beside !== null && (
              <div class="row pane-head">
                <h2>
                  {network} / {layer.name}
                </h2>
              </div>
            )}
            <LayerPane
              key={`${network}/${layer.index}`}
              network={network}
              layer={layer}
              recipeId={query.get("recipe")}
              onRecipe={(recipe) => go({ recipe })}
            />
          </section>
          {beside !== null && (
            <section aria-label="To compare">
              <BesidePicker
                {...beside}
                recipeId={query.get("besideRecipe")}
                onPick={(picked) => {
                  go({ besideRecipe: null, ...picked });
                  // what closed it goes with it
                  if (picked.beside === null) compare.current?.focus();
                }}
              />
            </section>
          )}
        </div>
      )}
    </>
  );
}

/** The nearest layers that can be rendered, in the network's order. @param index 1-based */
function renderableAround(layers: readonly LayerDocument[], index: number) {
  const others = layers.filter(({ renderable }) => renderable);
  return {
    before: others.findLast((each) => each.index < index),
    behind: others.find((each) => each.index > index),
  };
}

function besideOf(query: URLSearchParams) {
  const text = query.get("beside");
  const slash = text?.indexOf("/") ?? -1;
  if (text === null || slash < 1) return null;
  return { network: text.slice(0, slash), layer: text.slice(slash + 1) };
}
