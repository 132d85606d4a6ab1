import { useState } from "preact/hooks";

import { listNetworks, problemsOf } from "../api/client.ts";
import { Problems } from "../components/problems.tsx";
import { layersOf, useLayer } from "../state/use-layer.ts";
import { useResource } from "../state/use-resource.ts";
import { LayerPane } from "./layer-pane.tsx";

interface BesidePickerProps {
  readonly network: string;
  readonly layer: string;
  readonly recipeId: string | null;
  /** `beside`: "network/layer", or `null` to end the comparison. */
  readonly onPick: (picked: {
    readonly beside?: string | null;
    readonly besideRecipe?: string;
  }) => void;
}

/** What a layer is compared with: any layer of any network, in any recipe. */
export function BesidePicker({ network, layer: name, recipeId, onPick }: BesidePickerProps) {
  const networks = useResource("networks", listNetworks);
  const { layer, layers, problems } = useLayer(network, name);
  const [unpicked, setUnpicked] = useState<readonly string[]>([]);
  const pickNetwork = async (id: string) => {
    try {
      const { layers: its } = await layersOf(id);
      const first = its.find(({ renderable }) => renderable);
      setUnpicked(first === undefined ? [`no layer of network '${id}' can be rendered`] : []);
      if (first !== undefined) onPick({ beside: `${id}/${first.name}` });
    } catch (error) {
      setUnpicked(problemsOf(error));
    }
  };
  return (
    <>
      <div class="row pane-head">
        <h2 class="unseen">To compare</h2>
        <label>
          <span class="unseen">Network to compare with</span>
          <select
            value={network}
            onChange={({ currentTarget }) => void pickNetwork(currentTarget.value)}
          >
            {(networks.value?.networks ?? []).map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        <label>
          <span class="unseen">Layer to compare with</span>
          <select
            value={layer?.name ?? ""}
            onChange={({ currentTarget }) =>
              onPick({ beside: `${network}/${currentTarget.value}` })
            }
          >
            {layers
              .filter(({ renderable }) => renderable)
              .map((each) => (
                <option key={each.index}>{each.name}</option>
              ))}
          </select>
        </label>
        <button type="button" onClick={() => onPick({ beside: null })}>
          Close
        </button>
        <Problems problems={[...problems, ...unpicked]} />
      </div>
      {layer !== null && (
        <LayerPane
          key={`${network}/${layer.index}`}
          network={network}
          layer={layer}
          recipeId={recipeId}
          onRecipe={(besideRecipe) => onPick({ besideRecipe })}
        />
      )}
    </>
  );
}
