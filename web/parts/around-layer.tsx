import type { LayerDocument } from "../api/documents.ts";
import { counted, several } from "../components/counted.ts";
import { address } from "../state/router.ts";

interface AroundLayerProps {
  readonly network: string;
  readonly layer: LayerDocument;
  readonly layers: readonly LayerDocument[];
}

/** What a layer is, what it has learned, and the layers that it stands between. */
export function AroundLayer({ network, layer, layers }: AroundLayerProps) {
  const { index, type, channels, activations, learnables, inputs, multiplyAdds, receptiveField } =
    layer;
  const sizes = learnables.map(({ shape }) => shape.join(" × "));
  const feeds = layers.filter((each) => inputs.includes(each.index));
  const fed = layers.filter((each) => each.inputs.includes(index));
  return (
    <>
      <p class="quiet">
        {[
          type,
          ...(channels === null ? [] : [several(channels, "channel")]),
          activations === null ? "of unknown size" : activations.join(" × "),
          ...(sizes.length === 0 ? [] : [`learnables ${sizes.join(" and ")}`]),
          ...(multiplyAdds === null ? [] : [`${counted(multiplyAdds)} multiply-adds`]),
          ...(receptiveField === null || index === 1
            ? []
            : [
                `receptive field ${receptiveField.rows}\u00a0×\u00a0${receptiveField.columns}\u00a0px`,
              ]),
        ].join(", ")}
      </p>
      <p class="quiet around">
        <Some what="from" layers={feeds} network={network} />
        <Some what="to" layers={fed} network={network} />
      </p>
    </>
  );
}

interface SomeProps extends Pick<AroundLayerProps, "network" | "layers"> {
  readonly what: string;
}

function Some({ what, layers, network }: SomeProps) {
  if (layers.length === 0) return null;
  return (
    <span>
      {what}{" "}
      {layers.map(({ index, name }, i) => (
        <span key={index}>
          {i > 0 && ", "}
          {/* the image is no layer to look at */}
          {index > 1 ? <a href={address.layer(network, name)}>{name}</a> : name}
        </span>
      ))}
    </span>
  );
}
