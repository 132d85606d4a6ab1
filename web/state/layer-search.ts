import { useMemo } from "preact/hooks";

import type { LayerDocument } from "../api/documents.ts";
import { useKept } from "./kept.ts";

/** Layers that are looked for. */
export interface LayerSearch {
  /** Words that a layer's index, names, type or size have in them. */
  readonly words: string;
  readonly setWords: (words: string) => void;
  /** Whether only layers that can be rendered are wanted. */
  readonly isRenderable: boolean;
  readonly setRenderable: (isRenderable: boolean) => void;
  /** All, as long as nothing is looked for. */
  readonly found: readonly LayerDocument[];
}

export function useLayerSearch(layers: readonly LayerDocument[]): LayerSearch {
  const [words, setWords] = useKept("search", "");
  const [isRenderable, setRenderable] = useKept("renderable", false);
  const found = useMemo(() => {
    // sizes are shown with a sign that few keyboards have
    const each = words
      .toLowerCase()
      .replaceAll(/\s*×\s*/g, "x")
      .split(/\s+/)
      .filter(Boolean);
    return layers.filter(
      (layer) =>
        (!isRenderable || layer.renderable) && each.every((word) => textOf(layer).includes(word)),
    );
  }, [layers, words, isRenderable]);
  return { words, setWords, isRenderable, setRenderable, found };
}

function textOf({ index, name, type, aliases, activations }: LayerDocument): string {
  return [index, name, type, ...aliases, activations?.join("x") ?? ""].join(" ").toLowerCase();
}
