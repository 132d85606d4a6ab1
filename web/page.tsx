import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { AtlasPage } from "./pages/atlas.tsx";
import { ChannelPage } from "./pages/channel.tsx";
import { ExplanationPage } from "./pages/explanation.tsx";
import { JobPage } from "./pages/job.tsx";
import { JobsPage } from "./pages/jobs.tsx";
import { LayerPage } from "./pages/layer.tsx";
import { NetworkPage } from "./pages/network.tsx";
import { NetworksPage } from "./pages/networks.tsx";
import { RequestPage } from "./pages/request.tsx";
import { type Address, address, parseAddress, type Place } from "./state/router.ts";
import { useAddress } from "./state/use-address.ts";
import { useIsAway } from "./state/news.ts";
import { useScroll } from "./state/scroll.ts";
import { usePicturesAgain } from "./state/use-pictures-again.ts";

/** All of the page: where one is, and what is there. */
export function Page() {
  const current = useAddress();
  const main = useRef<HTMLElement>(null);
  const key = placeKey(current.place);
  const isFirst = useRef(true);
  useEffect(() => void (document.title = titleOf(current.place)), [current]);
  useLayoutEffect(() => {
    // a new place is read from its beginning
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [key]);
  useScroll(key, () => placeKey(parseAddress(location.hash).place), main);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), main.current?.focus())}
      >
        Skip to the content
      </a>
      <header class="bar">
        <a class="name" href={address.networks()}>
          dreamgrid
        </a>
        <nav aria-label="Pages">
          <NavLink href={address.networks()} isHere={NETWORK_PLACES.has(current.place.kind)}>
            Networks
          </NavLink>
          <NavLink href={address.jobs()} isHere={["jobs", "job"].includes(current.place.kind)}>
            Jobs
          </NavLink>
          <NavLink href={address.request()} isHere={current.place.kind === "request"}>
            New request
          </NavLink>
        </nav>
      </header>
      <Connection />
      <main id="main" ref={main} tabIndex={-1} key={key}>
        <Content {...current} />
      </main>
    </>
  );
}

/** Says that nothing on the page can be news. */
function Connection() {
  const isAway = useIsAway();
  usePicturesAgain();
  return (
    <p class={isAway ? "away" : "unseen"} role="status">
      {isAway && "the server does not answer; this page goes on when it is there again"}
    </p>
  );
}

const NETWORK_PLACES: ReadonlySet<Place["kind"]> = new Set([
  "networks",
  "network",
  "layer",
  "channel",
  "atlas",
  "explanation",
]);

interface NavLinkProps {
  readonly href: string;
  readonly isHere: boolean;
  readonly children: string;
}

function NavLink({ href, isHere, children }: NavLinkProps) {
  return (
    <a href={href} {...(isHere ? { "aria-current": "page" as const } : {})}>
      {children}
    </a>
  );
}

function Content({ place, query }: Address): JSX.Element {
  switch (place.kind) {
    case "networks":
      return <NetworksPage />;
    case "network":
      return <NetworkPage {...place} />;
    case "layer":
      return <LayerPage {...place} query={query} />;
    case "channel":
      return <ChannelPage {...place} query={query} />;
    case "atlas":
      return <AtlasPage {...place} />;
    case "explanation":
      return <ExplanationPage {...place} />;
    case "jobs":
      return <JobsPage />;
    case "job":
      return <JobPage {...place} />;
    case "request":
      // a form anew, whatever was written into the one before
      return <RequestPage key={query.toString()} query={query} />;
    case "nowhere":
      break;
  }
  return <Nowhere path={place.address} />;
}

function Nowhere({ path }: { readonly path: string }) {
  return (
    <>
      <h1>There is nothing here</h1>
      <p>
        No page has the address <code>{path}</code>. <a href={address.networks()}>Networks</a>
      </p>
    </>
  );
}

/**
 * Of a channel's page all channels of the layer share one, so that stepping keeps its place; so do
 * explanations, of which one leads to another of the same photograph.
 */
function placeKey(place: Place): string {
  if (place.kind === "explanation") return place.kind;
  if (place.kind === "channel") return JSON.stringify({ ...place, channel: null });
  return JSON.stringify(place);
}

function titleOf(place: Place): string {
  const names = Object.values(place).slice(1).toReversed();
  const isNamed = place.kind === "atlas" || place.kind === "explanation";
  const parts = isNamed ? [place.kind, ...names] : names;
  const what = parts.length === 0 ? place.kind : parts.join(" · ");
  return `${what} · dreamgrid`;
}
