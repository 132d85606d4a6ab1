import { Fragment } from "preact";
import { useState } from "preact/hooks";

import { getLayer } from "../api/client.ts";
import type { LayerDocument, LayerFacts } from "../api/documents.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { address } from "../state/router.ts";
import { useResource } from "../state/use-resource.ts";

type NodeDocument = NonNullable<LayerFacts["node"]>;
type InputDocument = NodeDocument["inputs"][number];

interface NodeFactsProps {
  readonly network: string;
  readonly layer: LayerDocument;
  readonly layers: readonly LayerDocument[];
}

/** Whoever steps from layer to layer sees as much of each. */
let wasOpen = false;

/** The node that makes a layer, as the file has it: asked for once somebody wants to see it. */
export function NodeFacts({ network, layer, layers }: NodeFactsProps) {
  // of a layer without pictures nothing else is to be seen
  const [isOpen, setOpen] = useState(wasOpen || !layer.renderable);
  const key = isOpen ? `${network}/${layer.index}` : null;
  const facts = useResource(key, () => getLayer(network, layer.index));
  const toggle = (isNowOpen: boolean) => {
    setOpen(isNowOpen);
    if (layer.renderable) wasOpen = isNowOpen;
  };
  const node = facts.value?.node ?? null;
  return (
    <details
      class="node-facts"
      open={isOpen}
      onToggle={(event) => toggle(event.currentTarget.open)}
    >
      <summary>Attributes and weights</summary>
      <Problems problems={facts.problems} />
      {isOpen && <Looking at={facts}>looking at its node</Looking>}
      {node !== null && (
        <>
          <Origin node={node} type={layer.type} />
          <div class="parts">
            <Attributes attributes={node.attributes} />
            <Values network={network} node={node} layers={layers} />
          </div>
        </>
      )}
    </details>
  );
}

/** What the file calls it; in what words, where it is not the layer's own operator. */
function Origin({ node, type }: { readonly node: NodeDocument; readonly type: string }) {
  const { name, operator, domain, opset } = node;
  const isPlain = domain === "ai.onnx";
  return (
    <p>
      {operator}
      {!isPlain && ` of ${domain}`}
      {opset !== null && (isPlain ? ` of opset ${opset}` : ` ${opset}`)}
      {name !== "" && <span class="quiet">, in the file {name}</span>}
      {operator !== type && (
        <span class="quiet">
          ; the layer is a {type} that the file has as this, or as a part of it
        </span>
      )}
    </p>
  );
}

function Attributes({ attributes }: Pick<NodeDocument, "attributes">) {
  if (attributes.length === 0) return <p class="quiet">no attributes are given</p>;
  return (
    <dl class="figures">
      {attributes.map(({ name, value, left }) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>
            {Array.isArray(value) ? value.join(", ") : value}
            {left > 0 && `, and ${left} more`}
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}

interface ValuesProps {
  readonly network: string;
  readonly node: NodeDocument;
  readonly layers: readonly LayerDocument[];
}

/** What it reads and makes, and the numbers of what does not depend on the image. */
function Values({ network, node, layers }: ValuesProps) {
  const outputs = node.outputs.filter(({ name }) => name !== "");
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Inputs and outputs">
      <table>
        <thead>
          <tr>
            <th>Reads</th>
            <th>Size</th>
            <th>Type</th>
            <th>Numbers</th>
          </tr>
        </thead>
        <tbody>
          {node.inputs.map((input, i) => (
            <tr key={i}>
              <td>
                <InputName input={input} network={network} layers={layers} />
              </td>
              <td>{sizeOf(input)}</td>
              <td>{input.constant?.type}</td>
              <td>{input.constant !== null && <Numbers of={input.constant} />}</td>
            </tr>
          ))}
        </tbody>
        <thead>
          <tr>
            <th colSpan={4}>Makes</th>
          </tr>
        </thead>
        <tbody>
          {outputs.map((output) => (
            <tr key={output.name}>
              <td>{output.name}</td>
              <td>{sizeOf(output)}</td>
              <td colSpan={2} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A single number has no axes. */
function sizeOf({ name, shape }: NodeDocument["outputs"][number]): string {
  if (shape === null) return name === "" ? "" : "unknown";
  return shape.length === 0 ? "one number" : shape.join(" × ");
}

interface InputNameProps extends Omit<ValuesProps, "node"> {
  readonly input: InputDocument;
}

function InputName({ input, network, layers }: InputNameProps) {
  if (input.name === "") return <span class="quiet">left out</span>;
  const from = layers.find(({ index }) => index === input.layer);
  // the image is no layer to look at
  if (from === undefined || from.index === 1) return <>{input.name}</>;
  return <a href={address.layer(network, from.name)}>{input.name}</a>;
}

function Numbers({ of: { values, statistics } }: { of: NonNullable<InputDocument["constant"]> }) {
  if (values !== null) return <>{values.map(rounded).join(", ")}</>;
  if (statistics === null) return null;
  const { min, mean, max, deviation } = statistics;
  return (
    <>
      {rounded(min)} to {rounded(max)}, mean {rounded(mean)}, deviation {rounded(deviation)}
    </>
  );
}

/** Integers as they are; of others as many digits as tell weights apart. */
function rounded(value: number | string): string {
  if (typeof value === "string" || Number.isSafeInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}
