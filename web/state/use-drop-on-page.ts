import { useEffect, useRef } from "preact/hooks";

/**
 * Files may be dropped anywhere: a browser would leave the page for one that misses its place.
 *
 * @param setOver told whether files are being held over the page
 */
export function useDropOnPage(
  setOver: (isOver: boolean) => void,
  take: (files: FileList | null | undefined) => void,
) {
  const latest = useRef({ setOver, take });
  latest.current = { setOver, take };
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    const follow = (isOver: boolean) => (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      latest.current.setOver(isOver);
      if (event.type === "drop") latest.current.take(event.dataTransfer.files);
    };
    addEventListener("dragover", follow(true), { signal });
    addEventListener("dragleave", follow(false), { signal });
    addEventListener("drop", follow(false), { signal });
    return () => gone.abort();
  }, []);
}
