import { useEffect, useRef, useState } from "preact/hooks";

import { pieceAddress, problemsOf } from "../api/client.ts";
import { Problems } from "../components/problems.tsx";

interface DeepZoomProps {
  readonly jobId: string;
  /** What it shows. */
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly pieceSize: number;
}

/** A sheet too large for one image, to be zoomed into. */
export function DeepZoom({ jobId, name, width, height, pieceSize }: DeepZoomProps) {
  const place = useRef<HTMLDivElement>(null);
  const [problems, setProblems] = useState<readonly string[]>([]);
  useEffect(() => {
    let viewer: { destroy(): void } | null = null;
    let isGone = false;
    const open = async (element: HTMLElement) => {
      // by far the largest part of the page, which most people never need
      const { default: openSeadragon } = await import("openseadragon");
      if (isGone) return;
      viewer = openSeadragon({
        element,
        // pieces may come from another origin, and a texture of WebGL may not
        drawer: "canvas",
        showNavigationControl: false,
        // on a narrow screen it would hide a good part of the sheet
        showNavigator: !matchMedia("(max-width: 40rem)").matches,
        gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
        tileSources: {
          width,
          height,
          tileSize: pieceSize,
          tileOverlap: 0,
          getTileUrl: (level: number, column: number, row: number) =>
            pieceAddress(jobId, level, column, row),
        },
      });
    };
    if (place.current !== null) {
      open(place.current).catch((error: unknown) => setProblems(problemsOf(error)));
    }
    return () => {
      isGone = true;
      viewer?.destroy();
    };
  }, [jobId, width, height, pieceSize]);
  return (
    <>
      <Problems problems={problems} />
      <div
        ref={place}
        class="deep-zoom"
        role="region"
        aria-label={name}
        style={{ aspectRatio: `${width} / ${height}` }}
      />
      <p class="quiet meaning">
        {`${width} × ${height} px. `}
        Scroll or pinch to zoom, drag to move; with the keyboard + and −, and the arrows.
      </p>
    </>
  );
}
