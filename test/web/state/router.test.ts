import { expect, test } from "vitest";

import { address, parseAddress, type Place } from "../../../web/state/router.ts";

const layer = { kind: "layer", network: "net", layer: "a/b ?#%20" } as const;

test.each<[string, Place]>([
  ["", { kind: "networks" }],
  ["#/", { kind: "networks" }],
  ["#//", { kind: "networks" }],
  ["#/net", { kind: "network", network: "net" }],
  ["#/net/", { kind: "network", network: "net" }],
  [address.layer(layer.network, layer.layer), layer],
  [`${address.layer(layer.network, layer.layer)}/?recipe=vivid`, layer],
  [address.channel("net", "a", 3), { kind: "channel", network: "net", layer: "a", channel: 3 }],
  ["#/net/a/0", { kind: "nowhere", address: "net/a/0" }],
  ["#/net/a/3/4", { kind: "nowhere", address: "net/a/3/4" }],
  ["#/%E0%A4%A", { kind: "nowhere", address: "%E0%A4%A" }],
  ["#/-/request", { kind: "request" }],
  ["#/-/request/j", { kind: "nowhere", address: "-/request/j" }],
  ["#//net", { kind: "nowhere", address: "/net" }],
  ["#/net//3", { kind: "nowhere", address: "net//3" }],
  ["#/-", { kind: "nowhere", address: "-" }],
  ["#/-/jobs/", { kind: "jobs" }],
  [address.job("j"), { kind: "job", jobId: "j" }],
  ["#/-/atlas/", { kind: "nowhere", address: "-/atlas" }],
  ["#/-/explanations", { kind: "nowhere", address: "-/explanations" }],
  [address.explanation("0f"), { kind: "explanation", id: "0f" }],
  [address.atlas("net"), { kind: "atlas", network: "net" }],
])("'%s' leads to its place", (hash, place) => {
  expect(parseAddress(hash).place).toEqual(place);
});

test("of a query an address has what is given", () => {
  expect(address.request()).toBe("#/-/request");
  expect(address.layer("net", "a", { recipe: null })).toBe("#/net/a");
  expect(address.channel("net", "a", 3, { recipe: "a b", beside: null })).toBe(
    "#/net/a/3?recipe=a+b",
  );
});
