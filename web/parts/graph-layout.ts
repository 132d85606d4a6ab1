import dagre from "@dagrejs/dagre";

import type { LayerDocument } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { bypasses, type Edge, linesAround } from "./bypasses.ts";

/** A layer, or a module whose layers are not shown one by one. */
export interface GraphNode extends GraphBox {
  /** Operator, or how many layers there are in the module. */
  readonly note: string;
  /** `null` for a module. */
  readonly layer: LayerDocument | null;
  /** The layer, or those in the module. */
  readonly layers: readonly LayerDocument[];
}

/** What has a place in the graph; alone, an open module, around its parts. */
export interface GraphBox {
  readonly id: string;
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GraphLayout {
  readonly nodes: readonly GraphNode[];
  /** Outer ones before those inside them. */
  readonly boxes: readonly GraphBox[];
  /** From the middle of one node's side to another's, as points of a line. */
  readonly edges: readonly {
    readonly id: string;
    readonly points: readonly { readonly x: number; readonly y: number }[];
  }[];
  /** Where the drawing begins: below 0 where a line goes around all nodes. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels. */
const MARGIN = 8;
const CHARACTER = 7.2;
const PADDING = 24;
const NODE_HEIGHT = 42;
/** Between nodes; an open module's frame has half of it, and its name needs a row of its own. */
const GAP = { plain: 26, framed: 48 } as const;
export const BOX_HEAD = GAP.framed / 2;
const MOST_CHARACTERS = 34;

/** Of a layer's own node. Modules have bare numbers for names too: those of a Sequential. */
const layerId = (index: number) => `#${index}`;

/** The modules that a layer is in, the outermost first: "layer1" and "layer1.0". */
export function modulesAround({ module }: LayerDocument): readonly string[] {
  const steps = module === "" ? [] : module.split(".");
  return steps.map((_, i) => steps.slice(0, i + 1).join("."));
}

/** The node that a layer is in: its own, or that of the outermost module that is not open. */
function nodeOf(layer: LayerDocument, open: ReadonlySet<string>): string {
  return modulesAround(layer).find((name) => !open.has(name)) ?? layerId(layer.index);
}

/** What is laid out. */
export interface GraphQuestion {
  readonly layers: readonly LayerDocument[];
  /** Modules whose parts are shown. */
  readonly open: ReadonlySet<string>;
}

/** How many nodes are shown. */
export function countNodes(layers: GraphQuestion["layers"], open: GraphQuestion["open"]): number {
  return new Set(layers.map((layer) => nodeOf(layer, open))).size;
}

/** Nodes that are seen at a glance. */
const FEW_NODES = 24;

/** Modules that are open at first: as many levels of them as show more, but few nodes. */
export function openAtFirst(layers: readonly LayerDocument[]): ReadonlySet<string> {
  let open: ReadonlySet<string> = new Set();
  let most = 0;
  for (let level = 0; ; level++) {
    const next = new Set(layers.flatMap((layer) => modulesAround(layer).slice(0, level)));
    const alone = layers.filter((layer) => nodeOf(layer, next) === layerId(layer.index)).length;
    const count = countNodes(layers, next);
    if (count > FEW_NODES) return open;
    if (count + alone > most) [open, most] = [next, count + alone];
    if (alone === layers.length) return open;
  }
}

/** The module, and those around it or inside it that have the very same layers: as one, they open. */
export function asOne(module: string, layers: readonly LayerDocument[]): readonly string[] {
  const sizes = moduleSizes(layers);
  const inside = layers.find((layer) => modulesAround(layer).includes(module));
  if (inside === undefined) return [];
  return modulesAround(inside).filter((name) => sizes.get(name) === sizes.get(module));
}

/** By module: how many layers are in it. */
function moduleSizes(layers: readonly LayerDocument[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const name of layers.flatMap(modulesAround)) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  return sizes;
}

/**
 * Lays the network out from top to bottom.
 *
 * @param open modules whose parts are shown
 * @returns `null` where thousands follow each other: dagre walks them by recursion
 */
export function layOut(
  layers: readonly LayerDocument[],
  open: ReadonlySet<string>,
): GraphLayout | null {
  try {
    return layOutWhole(layers, open);
  } catch (error) {
    // the stack is used up, by how many depends on the browser
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function layOutWhole(layers: readonly LayerDocument[], open: ReadonlySet<string>): GraphLayout {
  const graph = new dagre.graphlib.Graph({ compound: true });
  const ranksep = open.size === 0 ? GAP.plain : GAP.framed;
  graph.setGraph({ rankdir: "TB", nodesep: 18, ranksep, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const sizes = moduleSizes(layers);
  const members = new Map<string, LayerDocument[]>();
  const nodeOfLayer = new Map<number, string>();
  for (const layer of layers) {
    const id = nodeOf(layer, open);
    nodeOfLayer.set(layer.index, id);
    const inside = members.get(id);
    if (inside === undefined) members.set(id, [layer]);
    else inside.push(layer);
  }
  const described = new Map([...members].map(([id, of]) => [id, describe(id, of)]));
  for (const [id, { title, note }] of described) {
    const length = Math.max(title.length, note.length);
    graph.setNode(id, { width: length * CHARACTER + PADDING, height: NODE_HEIGHT });
    const around = enclosing(members.get(id)![0]!, open).filter((each, i, names) => {
      // of modules with the same layers one box is enough
      return sizes.get(each) !== sizes.get(names[i + 1] ?? "");
    });
    for (const [i, module] of [...around, id].entries()) {
      if (!graph.hasNode(module)) graph.setNode(module, {});
      if (i > 0) graph.setParent(module, around[i - 1]!);
    }
  }
  const wanted = edgesBetween(layers, nodeOfLayer);
  const around = bypasses([...described.keys()], wanted);
  for (const edge of wanted) if (!around.has(edge)) graph.setEdge(edge.from, edge.to);
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const places = new Map([...described.keys()].map((id) => [id, graph.node(id)]));
  const lines = linesAround(around, places, MARGIN);
  const edges: GraphLayout["edges"] = wanted.map((edge) => ({
    id: `${edge.from} ${edge.to}`,
    points: lines.get(edge) ?? graph.edge(edge.from, edge.to).points,
  }));
  // dagre's width is that of the nodes: a line around them, a skip connection, is outside of it
  const across = edges.flatMap(({ points }) => points.map(({ x }) => x));
  const left = across.reduce((least, x) => Math.min(least, x), MARGIN) - MARGIN;
  const right = across.reduce((most, x) => Math.max(most, x), width - MARGIN) + MARGIN;
  return {
    left,
    width: right - left,
    height,
    nodes: [...described].map(([id, facts]) => ({ ...facts, ...graph.node(id), id })),
    boxes: (graph.nodes() as string[])
      .filter((id) => open.has(id) && !described.has(id))
      .map((id) => ({ ...graph.node(id), id, title: shortened(id) }))
      .toSorted((a, b) => a.id.length - b.id.length),
    edges,
  };
}

/** Each once. */
function edgesBetween(
  layers: readonly LayerDocument[],
  nodeOfLayer: ReadonlyMap<number, string>,
): readonly Edge[] {
  const edges = new Map<string, Edge>();
  for (const layer of layers) {
    const to = nodeOfLayer.get(layer.index)!;
    for (const input of layer.inputs) {
      const from = nodeOfLayer.get(input);
      if (from !== undefined && from !== to) edges.set(`${from} ${to}`, { from, to });
    }
  }
  return [...edges.values()];
}

/** The open modules around a layer, the outermost first. */
function enclosing(layer: LayerDocument, open: ReadonlySet<string>): readonly string[] {
  const names = modulesAround(layer);
  const closed = names.findIndex((name) => !open.has(name));
  return closed === -1 ? names : names.slice(0, closed);
}

function describe(id: string, layers: readonly LayerDocument[]) {
  const [layer] = layers;
  const isLayer = layers.length === 1 && layer !== undefined && layerId(layer.index) === id;
  if (!isLayer) {
    const note = several(layers.length, "layer");
    return { title: shortened(id), note, layer: null, layers };
  }
  const { name, type, channels } = layer;
  const note = channels === null ? type : `${type}, ${channels}`;
  return { title: shortened(name), note, layer, layers };
}

function shortened(name: string): string {
  return name.length <= MOST_CHARACTERS ? name : `…${name.slice(1 - MOST_CHARACTERS)}`;
}
