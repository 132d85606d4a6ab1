import { useEffect, useRef } from "preact/hooks";

import { useNews } from "./news.ts";

/** Pictures that did not come are asked for again once the server is there again. */
export function usePicturesAgain(): void {
  const failed = useRef(new Set<HTMLImageElement>());
  useEffect(() => {
    const note = ({ target }: Event) => {
      if (target instanceof HTMLImageElement) failed.current.add(target);
    };
    // it does not bubble
    addEventListener("error", note, { capture: true });
    return () => removeEventListener("error", note, { capture: true });
  }, []);
  useNews(({ kind }) => {
    if (kind !== "again") return;
    const images = [...failed.current].filter((image) => image.isConnected);
    failed.current.clear();
    for (const image of images) image.setAttribute("src", image.getAttribute("src") ?? "");
  });
}
