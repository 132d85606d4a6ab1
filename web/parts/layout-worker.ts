import { type GraphQuestion, layOut } from "./graph-layout.ts";

/* A thread for large graphs, so that the page can be used meanwhile. */
addEventListener("message", ({ data: { layers, open } }: MessageEvent<GraphQuestion>) => {
  postMessage(layOut(layers, open));
});
