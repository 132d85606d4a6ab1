/** What the page shows, as its address says. */
export type Place =
  | { readonly kind: "networks" }
  | { readonly kind: "network"; readonly network: string }
  | { readonly kind: "layer"; readonly network: string; readonly layer: string }
  | {
      readonly kind: "channel";
      readonly network: string;
      readonly layer: string;
      /** 1-based. */
      readonly channel: number;
    }
  | { readonly kind: "atlas"; readonly network: string }
  | { readonly kind: "explanation"; readonly id: string }
  | { readonly kind: "jobs" }
  | { readonly kind: "job"; readonly jobId: string }
  | { readonly kind: "request" }
  | { readonly kind: "nowhere"; readonly address: string };

export interface Address {
  readonly place: Place;
  readonly query: URLSearchParams;
}

/** No network is called so: ids begin with a letter or a digit. */
const OWN = "-";

const joined = (...parts: readonly (string | number)[]) =>
  `#/${parts.map((part) => encodeURIComponent(part)).join("/")}`;

/** What an address says of the place besides; `null`: nothing. */
type Query = Readonly<Record<string, string | null>>;

const withQuery = (address: string, query: Query) => {
  const given = Object.entries(query).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return given.length === 0 ? address : `${address}?${new URLSearchParams(given).toString()}`;
};

/** Permanent addresses of what the page shows. */
export const address = {
  networks: () => "#/",
  network: (network: string) => joined(network),
  layer: (network: string, layer: string, query: Query = {}) =>
    withQuery(joined(network, layer), query),
  channel: (network: string, layer: string, channel: number, query: Query = {}) =>
    withQuery(joined(network, layer, channel), query),
  atlas: (network: string) => joined(OWN, "atlas", network),
  explanation: (id: string) => joined(OWN, "explanations", id),
  jobs: () => joined(OWN, "jobs"),
  job: (jobId: string) => joined(OWN, "jobs", jobId),
  request: (query: Query = {}) => withQuery(joined(OWN, "request"), query),
};

export function parseAddress(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  // people end addresses with a slash, too
  return { place: placeOf(path.replace(/\/+$/, "")), query: new URLSearchParams(query) };
}

function placeOf(path: string): Place {
  const nowhere: Place = { kind: "nowhere", address: path };
  if (path === "") return { kind: "networks" };
  const parts = path.split("/").map(decoded);
  // neither what cannot be decoded nor what is empty is a name
  if (!parts.every(Boolean)) return nowhere;
  const [first = "", second, third, ...rest] = parts as string[];
  if (rest.length > 0) return nowhere;
  if (first === OWN) return ownPlace(second, third) ?? nowhere;
  if (second === undefined) return { kind: "network", network: first };
  if (third === undefined) return { kind: "layer", network: first, layer: second };
  if (!/^[1-9]\d{0,8}$/.test(third)) return nowhere;
  return { kind: "channel", network: first, layer: second, channel: Number(third) };
}

function ownPlace(name: string | undefined, id: string | undefined): Place | null {
  if (name === "jobs") return id === undefined ? { kind: "jobs" } : { kind: "job", jobId: id };
  if (name === "atlas" && id !== undefined) return { kind: "atlas", network: id };
  if (name === "explanations" && id !== undefined) return { kind: "explanation", id };
  return name === "request" && id === undefined ? { kind: "request" } : null;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
