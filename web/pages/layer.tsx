import { useRef } from "preact/hooks";

import { Path } from "../parts/path.tsx";
import { several } from "../components/counted.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { BesidePicker } from "../parts/beside-picker.tsx";
import { LayerPane } from "../parts/layer-pane.tsx";
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
  const { layer, problems } = useLayer(network, name);
  const beside = besideOf(query);
  const compare = useRef<HTMLButtonElement>(null);
  const go = (changes: Readonly<Record<string, string | null>>) => {
    const next = { ...Object.fromEntries(query), ...changes };
    location.hash = address.layer(network, name, next);
  };
  return (
    <>
      <div class="heading">
        <div>
          <Path network={network} />
          <h1>{layer?.name ?? name}</h1>
          {layer !== null && (
            <p class="quiet">
              {layer.type}, {layer.channels !== null && `${several(layer.channels, "channel")}, `}
              {layer.activations?.join(" × ")}
            </p>
          )}
        </div>
        {layer !== null && (
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
      <Problems problems={problems} />
      <Looking at={{ value: layer, problems }}>looking at the network</Looking>
      {layer !== null && layer.problem !== null && <Problems problems={[layer.problem]} />}
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

function besideOf(query: URLSearchParams) {
  const text = query.get("beside");
  const slash = text?.indexOf("/") ?? -1;
  if (text === null || slash < 1) return null;
  return { network: text.slice(0, slash), layer: text.slice(slash + 1) };
}
