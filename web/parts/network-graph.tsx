import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { LayerDocument } from "../api/documents.ts";
import { useKept, useKeptScroll } from "../state/kept.ts";
import { address } from "../state/router.ts";
import {
  asOne,
  BOX_HEAD,
  type GraphBox,
  type GraphLayout,
  type GraphNode,
  modulesAround,
  openAtFirst,
} from "./graph-layout.ts";
import { useGraphLayout } from "./use-graph-layout.ts";

interface NetworkGraphProps {
  readonly network: string;
  readonly layers: readonly LayerDocument[];
  /** To be marked, and the first of them to be in view. */
  readonly found: readonly LayerDocument[];
  /** Goes on behind the graph, in which each layer is a stop of the Tab key. */
  readonly onSkip: () => void;
}

/** A network's layers and what feeds them; modules open and close. */
export function NetworkGraph({ network, layers, found, onSkip }: NetworkGraphProps) {
  const modules = useMemo<ReadonlySet<string>>(
    () => new Set(layers.flatMap(modulesAround)),
    [layers],
  );
  const [open, setOpen] = useKept<ReadonlySet<string>>("open", () => openAtFirst(layers));
  const { layout, isLate } = useGraphLayout(layers, open);
  const scroll = useRef<HTMLDivElement>(null);
  const toggledLast = useRef<readonly string[]>([]);
  const toggle = (module: string) => {
    const these = asOne(module, layers);
    toggledLast.current = these;
    const others = [...open].filter((name) => !these.includes(name));
    setOpen(new Set(open.has(module) ? others : [...others, ...these]));
  };
  useLayoutEffect(() => {
    // what had the focus is another now, a frame in place of a node
    const parts = scroll.current?.querySelectorAll<SVGElement>("[data-module]") ?? [];
    const last = [...parts].find(({ dataset }) => toggledLast.current.includes(dataset["module"]!));
    last?.focus();
    toggledLast.current = [];
  }, [layout]);
  const first = (layout?.nodes[0]?.x ?? 0) - (layout?.left ?? 0);
  useLayoutEffect(() => {
    // of a graph that is wider than its place, the beginning is seen first
    const element = scroll.current;
    if (element !== null) element.scrollLeft = first - element.clientWidth / 2;
  }, [first]);
  const marked = useMemo<ReadonlySet<GraphNode>>(() => {
    const these = new Set(found);
    return new Set(layout?.nodes.filter((node) => node.layers.some((layer) => these.has(layer))));
  }, [layout, found]);
  useLayoutEffect(() => {
    const [node] = marked;
    const element = scroll.current;
    if (node === undefined || element === null) return;
    element.scrollTo(
      node.x - (layout?.left ?? 0) - element.clientWidth / 2,
      node.y - element.clientHeight / 2,
    );
  }, [found]);
  useKeptScroll("graph", scroll, layout !== undefined);
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
        <span class="quiet" role="status">
          {isLate && "laying it out"}
        </span>
      </div>
      <button type="button" class="skip" onClick={onSkip}>
        Skip the graph
      </button>
      <div
        ref={scroll}
        class="graph-scroll"
        tabIndex={0}
        role="region"
        aria-label="The network's graph"
      >
        {layout === undefined ? null : layout === null ? (
          <p class="too-deep quiet" role="status">
            So many layers in a row cannot be drawn
            {modules.size > 0 && " unless modules are closed"}; all of them are in the table.
          </p>
        ) : (
          <Drawing {...layout} network={network} marked={marked} onToggle={toggle} />
        )}
      </div>
    </section>
  );
}

interface DrawingProps extends GraphLayout {
  readonly network: string;
  readonly marked: ReadonlySet<GraphNode>;
  readonly onToggle: (module: string) => void;
}

function Drawing({ left, width, height, nodes, boxes, edges, ...props }: DrawingProps) {
  const { network, marked, onToggle } = props;
  return (
    <svg width={width} height={height} viewBox={`${left} 0 ${width} ${height}`}>
      <g aria-hidden="true">
        {edges.map(({ id, points }) => (
          <polyline key={id} points={points.map(({ x, y }) => `${x},${y}`).join(" ")} />
        ))}
      </g>
      {boxes.map((box) => (
        <Box key={box.id} box={box} onToggle={onToggle} />
      ))}
      {nodes.map((node) => (
        <Node
          key={node.id}
          node={node}
          network={network}
          isMarked={marked.has(node)}
          onToggle={onToggle}
        />
      ))}
    </svg>
  );
}

interface NodeProps {
  readonly node: GraphNode;
  readonly network: string;
  readonly isMarked: boolean;
  readonly onToggle: (module: string) => void;
}

function Node({ node, network, isMarked, onToggle }: NodeProps) {
  const { layer, id, title, note, x, y, width, height } = node;
  const name = layer?.name ?? id;
  const kind = isMarked ? "node marked" : "node";
  const place = { x: x - width / 2, y: y - height / 2, width, height };
  const content = (
    <>
      {name !== title && <title>{`${name} ${note}`}</title>}
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
      <g class={`${kind} module`} aria-expanded={false} {...asButton(id, onToggle)}>
        {content}
      </g>
    );
  }
  // the image is no layer to look at
  if (layer.index === 1) return <g class={kind}>{content}</g>;
  return (
    <a
      class={layer.renderable ? kind : `${kind} unrenderable`}
      href={address.layer(network, layer.name)}
    >
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
      <g class="close" aria-expanded={true} {...asButton(id, onToggle)}>
        {id !== title && <title>{id}</title>}
        <rect x={left} y={top} width={width} height={BOX_HEAD} />
        <text x={left + 8} y={top + 16}>
          {title} ×
        </text>
      </g>
    </g>
  );
}

/** What makes a part of a drawing a button, for the keyboard and screen readers too. */
function asButton(module: string, act: (module: string) => void) {
  return {
    role: "button",
    // names of attributes keep their case in a drawing
    tabindex: 0,
    "data-module": module,
    onClick: () => act(module),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act(module);
    },
  } as const;
}
