import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { LayerDocument } from "../api/documents.ts";
import { address } from "../state/router.ts";
import {
  type GraphBox,
  type GraphLayout,
  type GraphNode,
  layOut,
  modulesAround,
} from "./graph-layout.ts";

interface NetworkGraphProps {
  readonly network: string;
  readonly layers: readonly LayerDocument[];
}

/** Networks of so many layers are shown whole at first. */
const FEW_LAYERS = 24;

/** A network's layers and what feeds them; modules open and close. */
export function NetworkGraph({ network, layers }: NetworkGraphProps) {
  const modules = useMemo<ReadonlySet<string>>(
    () => new Set(layers.flatMap(modulesAround)),
    [layers],
  );
  const [open, setOpen] = useState<ReadonlySet<string>>(() =>
    layers.length <= FEW_LAYERS ? modules : new Set(),
  );
  const layout = useMemo(() => layOut(layers, open), [layers, open]);
  const toggle = (module: string) => {
    const next = new Set(open);
    if (next.has(module)) next.delete(module);
    else next.add(module);
    setOpen(next);
  };
  const scroll = useRef<HTMLDivElement>(null);
  const first = layout?.nodes[0]?.x ?? 0;
  useEffect(() => {
    // of a graph that is wider than its place, the beginning is seen first
    const element = scroll.current;
    if (element !== null) element.scrollLeft = first - element.clientWidth / 2;
  }, [first]);
  return (
    <section class="graph" aria-label="Graph">
      <div class="row">
        <h2>Graph</h2>
        {modules.size > 0 && (
          <>
            <button type="button" onClick={() => setOpen(modules)}>
              Open all
            </button>
            <button type="button" onClick={() => setOpen(new Set())}>
              Close all
            </button>
          </>
        )}
      </div>
      <div
        ref={scroll}
        class="graph-scroll"
        tabIndex={0}
        role="region"
        aria-label="The network's graph"
      >
        {layout === null ? (
          <p class="too-deep quiet" role="status">
            So many layers in a row cannot be drawn
            {modules.size > 0 && " unless modules are closed"}; all of them are in the table.
          </p>
        ) : (
          <Drawing {...layout} network={network} onToggle={toggle} />
        )}
      </div>
    </section>
  );
}

interface DrawingProps extends GraphLayout {
  readonly network: string;
  readonly onToggle: (module: string) => void;
}

function Drawing({ width, height, nodes, boxes, edges, network, onToggle }: DrawingProps) {
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      {boxes.map((box) => (
        <Box key={box.id} box={box} onToggle={onToggle} />
      ))}
      <g aria-hidden="true">
        {edges.map(({ id, points }) => (
          <polyline key={id} points={points.map(({ x, y }) => `${x},${y}`).join(" ")} />
        ))}
      </g>
      {nodes.map((node) => (
        <Node key={node.id} node={node} network={network} onToggle={onToggle} />
      ))}
    </svg>
  );
}

interface NodeProps {
  readonly node: GraphNode;
  readonly network: string;
  readonly onToggle: (module: string) => void;
}

function Node({ node, network, onToggle }: NodeProps) {
  const { layer, id, title, note, x, y, width, height } = node;
  const place = { x: x - width / 2, y: y - height / 2, width, height };
  const content = (
    <>
      <rect {...place} rx={5} />
      {/* the blank parts the two for a screen reader */}
      <text>
        <tspan x={x} y={y - 3} class="title">
          {title}
        </tspan>{" "}
        <tspan x={x} y={y + 13} class="note">
          {note}
        </tspan>
      </text>
    </>
  );
  if (layer === null) {
    return (
      <g class="node module" aria-expanded={false} {...asButton(() => onToggle(id))}>
        {content}
      </g>
    );
  }
  if (!layer.renderable) return <g class="node">{content}</g>;
  return (
    <a class="node" href={address.layer(network, layer.name)}>
      {content}
    </a>
  );
}

interface BoxProps {
  readonly box: GraphBox;
  readonly onToggle: (module: string) => void;
}

/** An open module; its name closes it. */
function Box({ box: { id, title, x, y, width, height }, onToggle }: BoxProps) {
  const [left, top] = [x - width / 2, y - height / 2];
  return (
    <g class="box">
      <rect x={left} y={top} width={width} height={height} rx={8} />
      <g class="close" aria-expanded={true} {...asButton(() => onToggle(id))}>
        <text x={left + 8} y={top + 13}>
          {title} ×
        </text>
      </g>
    </g>
  );
}

/** What makes a part of a drawing a button, for the keyboard and screen readers too. */
function asButton(act: () => void) {
  return {
    role: "button",
    // names of attributes keep their case in a drawing
    tabindex: 0,
    onClick: act,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    },
  } as const;
}
