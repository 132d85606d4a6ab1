// What the report does beside being read: tiles enlarged with their traces and figures, requests
// copied. It runs in the browser as it stands here; all data are text, never markup.
(() => {
  "use strict";
  const RELOAD_MS = 3_000;
  /** After so long without news the run that writes the report has been ended the hard way. */
  const SILENCE_MS = 120_000;
  const SAID_MS = 2_000;
  const SVG = "http://www.w3.org/2000/svg";

  const byId = (id) => document.getElementById(id);
  const sheets = JSON.parse(byId("data").textContent);
  const viewer = byId("viewer");
  /** Every drawn tile, in the order of the page: its address, sheet and figures. */
  const drawn = sheets.flatMap((sheet, i) =>
    sheet.tiles.map((tile) => ({ sheet, tile, id: `s${i + 1}-${tile.channel}` })),
  );
  let shown = -1;

  function show(index) {
    const { sheet, tile, id } = drawn[index];
    shown = index;
    const image = byId(id).querySelector("img");
    const noun = sheet.request.targets === undefined ? "Channel" : "Image";
    const name = `${noun} ${tile.channel}${tile.label ? `: ${tile.label}` : ""}`;
    byId("viewer-image").src = image.src;
    byId("viewer-image").alt = image.alt;
    byId("viewer-image").width = image.width;
    byId("viewer-image").height = image.height;
    byId("viewer-title").textContent = name;
    byId("viewer-sheet").textContent = `${sheet.layer} of ${sheet.network}`;
    byId("viewer-back").disabled = index === 0;
    byId("viewer-on").disabled = index === drawn.length - 1;
    byId("viewer-request").textContent = JSON.stringify(requestOf(sheet, tile), null, 2);
    plot(byId("viewer-trace"), tile.levels);
    list(byId("viewer-figures"), figuresOf(tile));
    if (!viewer.open) viewer.showModal();
    byId("viewer-title").focus({ preventScroll: true });
    history.replaceState(null, "", `#${id}`);
  }

  /** The sheet's request for this image alone; targets stay together, as they are numbered. */
  function requestOf({ request }, { channel, label }) {
    if (request.channels === undefined) return request;
    const { montage = {}, ...fields } = request;
    const { gridSize: _, labels, ...others } = montage;
    // without names of its own, the sheet has those of the classes
    if (Array.isArray(labels)) others.labels = labels.length === 0 || label === null ? [] : [label];
    const own = Object.keys(others).length === 0 ? {} : { montage: others };
    return { ...fields, channels: [channel], ...own };
  }

  function figuresOf({ activation, seconds, seed, restarts, quality }) {
    const { source, selective, marks, redrawn, luminanceDeviation, fineShare } = quality;
    const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
    const yesNo = (is) => (is ? "yes" : "no");
    return [
      ["activation strength", activation.toPrecision(4)],
      ["marks", marks.length > 0 ? marks.join(", ") : "none"],
      ["selective", selective === null ? null : yesNo(selective)],
      ["rank in its layer", source && String(source.rank)],
      ["probability", source && source.probability !== null ? percent(source.probability) : null],
      ["robustness", source && source.robustness.toFixed(2)],
      ["luminance deviation", luminanceDeviation.toFixed(3)],
      ["fine detail", percent(fineShare)],
      ["seed", `${seed}${redrawn ? ", the better of two" : ""}`],
      ["begun anew", restarts > 0 ? String(restarts) : null],
      ["seconds", seconds.toFixed(1)],
    ].filter(([, value]) => value !== null);
  }

  function list(target, rows) {
    target.replaceChildren(
      ...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
    );
  }

  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  /** A line over all iterations, with a mark where a level of the pyramid begins. */
  function plot(svg, levels) {
    const values = levels.flat();
    const [left, right, top, bottom] = [52, 352, 10, 142];
    const finite = values.filter(Number.isFinite);
    const least = Math.min(...finite);
    const most = Math.max(...finite);
    const span = most - least || 1;
    const x = (i) => left + ((right - left) * i) / Math.max(values.length - 1, 1);
    const y = (value) => bottom - ((bottom - top) * (value - least)) / span;
    const parts = [
      shape("line", { class: "axis", x1: left, y1: bottom, x2: right, y2: bottom }),
      shape("line", { class: "axis", x1: left, y1: top, x2: left, y2: bottom }),
      mark(left - 6, y(most) + 4, "end", most.toPrecision(3)),
      mark(left - 6, bottom + 2, "end", least.toPrecision(3)),
      mark(left, bottom + 18, "start", "1"),
      mark(right, bottom + 18, "end", String(values.length)),
    ];
    let begin = 0;
    for (const level of levels.slice(0, -1)) {
      begin += level.length;
      const at = x(begin - 0.5);
      parts.push(shape("line", { class: "level", x1: at, y1: top, x2: at, y2: bottom }));
    }
    const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
    // a single iteration has no line to it
    if (points.length === 1) points.push(`${right},${y(values[0]).toFixed(1)}`);
    parts.push(shape("polyline", { class: "line", points: points.join(" ") }));
    svg.replaceChildren(...parts);
    const [first, last] = [values[0], values.at(-1)].map((value) => value.toPrecision(3));
    svg.setAttribute(
      "aria-label",
      `activation strength from ${first} to ${last} in ${values.length} iterations`,
    );
  }

  function shape(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
  }

  function mark(x, y, anchor, text) {
    const made = shape("text", { x, y, "text-anchor": anchor });
    made.textContent = text;
    return made;
  }

  async function copy(source, button) {
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // a browser that keeps the clipboard to itself: select it for the user
      getSelection().selectAllChildren(source);
      said = "Selected: press Ctrl+C";
    }
    byId("said").textContent = said;
    button.textContent = said;
    setTimeout(() => (button.textContent = "Copy"), SAID_MS);
  }

  /** Shows a tile's ascent in its picture's place, or the picture again. */
  function play(button, isPlaying) {
    const image = button.closest("li").querySelector("img");
    clearTimeout(Number(button.dataset.timer));
    button.dataset.picture ??= image.getAttribute("src");
    image.src = isPlaying ? button.dataset.animation : button.dataset.picture;
    button.setAttribute("aria-pressed", String(isPlaying));
    // who wants little motion sees it once
    if (!isPlaying || !matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const onceMs = 1000 * Number(button.dataset.seconds);
    button.dataset.timer = setTimeout(() => play(button, false), onceMs);
  }

  function open(id) {
    const index = drawn.findIndex((each) => each.id === id);
    if (index >= 0) show(index);
    return index >= 0;
  }

  document.addEventListener("click", (event) => {
    const copying = event.target.closest("button[data-copies]");
    if (copying !== null) {
      const source = byId(copying.dataset.copies);
      void copy(source, copying);
      return;
    }
    const playing = event.target.closest("button.play");
    if (playing !== null) play(playing, playing.getAttribute("aria-pressed") !== "true");
    const link = event.target.closest(".tiles a");
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link !== null && isPlain && open(link.closest("li").id)) event.preventDefault();
    // outside of what it holds is the dialog itself
    if (event.target === viewer) viewer.close();
  });
  byId("viewer-back").addEventListener("click", () => show(shown - 1));
  byId("viewer-on").addEventListener("click", () => show(shown + 1));
  byId("viewer-close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("keydown", (event) => {
    if (event.target.closest("pre") !== null) return;
    if (event.key === "ArrowLeft" && shown > 0) show(shown - 1);
    if (event.key === "ArrowRight" && shown < drawn.length - 1) show(shown + 1);
  });
  viewer.addEventListener("close", () => {
    history.replaceState(null, "", location.pathname + location.search);
    byId(drawn[shown].id).querySelector("a").focus();
  });
  addEventListener("hashchange", () => open(location.hash.slice(1)));
  open(location.hash.slice(1));

  const written = Number(document.body.dataset.written ?? 0);
  const isRead = () => viewer.open || document.querySelector("details[open]") !== null;
  if (Date.now() - written < SILENCE_MS) {
    setInterval(() => {
      if (!isRead() && !document.hidden) location.reload();
    }, RELOAD_MS);
  }
})();
