/** Who wrote a file, which shows in its names. */
export type Style = "torchscript" | "dynamo" | "keras" | "paddle" | "caffe";

interface NodeNames {
  readonly name: string;
  /** Module's path in the metadata. */
  readonly scope: string | null;
  readonly output: (index: number) => string;
}

interface Naming {
  node(path: readonly string[], op: string, serial: number): NodeNames;
  weight(path: readonly string[], name: string): string;
}

/** Names as the exporter of that style makes them up. */
export function namesFor(style: Style): Naming {
  const used = new Map<string, number>();
  const unused = (name: string) => {
    const count = used.get(name) ?? 0;
    used.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  };
  const dotted = (path: readonly string[], name: string) => [...path, name].join(".");
  const NAMINGS: Readonly<Record<Style, Naming>> = {
    torchscript: {
      node: (path, op) => {
        const name = unused(`/${[...modulesOf(path), op].join("/")}`);
        return { name, scope: null, output: (i) => `${name}_output_${i}` };
      },
      weight: dotted,
    },
    dynamo: {
      node: (path, op, serial) => ({
        name: `node_${op}_${serial}`,
        scope: path.join("."),
        output: (i) => `val_${serial}${i === 0 ? "" : `_${i}`}`,
      }),
      weight: dotted,
    },
    keras: {
      node: (path, op) => {
        const name = unused(["net", ...path, op].join("/"));
        return { name, scope: null, output: (i) => `${name}:${i}` };
      },
      weight: (path, name) => ["net", ...path, name].join("/"),
    },
    paddle: {
      node: (_, op, serial) => ({
        name: `${op}.${serial}`,
        scope: null,
        output: (i) => `${op.toLowerCase()}_${serial}.tmp_${i}`,
      }),
      weight: (path, name) =>
        `${path.join("_")}.${name === "weight" ? "w_0" : name === "bias" ? "b_0" : name}`,
    },
    caffe: {
      node: (path, op) => {
        const name = unused([...path, op.toLowerCase()].join("_"));
        return { name: "", scope: null, output: (i) => `${name}${i === 0 ? "" : `_${i}`}` };
      },
      weight: (path, name) =>
        `${path.join("_")}_${name === "weight" ? "w" : name === "bias" ? "b" : name}_0`,
    },
  };
  return NAMINGS[style];
}

/** Parts of a list carry its name: `/layer1/layer1.0/conv`. */
function modulesOf(path: readonly string[]): string[] {
  return path.map((name, i) => {
    let from = i;
    while (from > 0 && /^\d+$/.test(path[from]!)) from--;
    return from === i ? name : path.slice(from, i + 1).join(".");
  });
}
