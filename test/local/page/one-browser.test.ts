import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { OneBrowser } from "../../../local/page/one-browser.ts";

async function guarded() {
  const browser = new OneBrowser();
  const guard = browser.guard(async (_, outgoing) => {
    outgoing.end("inside");
    return true;
  });
  const server = createServer((incoming, outgoing) => void guard(incoming, outgoing));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = async (path: string, cookie = "", method = "GET") => {
    const answer = await fetch(url + path, { method, headers: { cookie }, redirect: "manual" });
    const given = answer.headers.get("set-cookie") ?? "";
    return { status: answer.status, text: await answer.text(), given };
  };
  return { token: browser.token, get };
}

test("who has the token is let in once, and known from then on", async () => {
  const { token, get } = await guarded();
  const { status, given } = await get(`/?token=${token}`);
  expect(status).toBe(303);
  expect(given).toMatch(/; HttpOnly; SameSite=Strict$/);
  const cookie = given.split(";")[0]!;
  expect(await get("/jobs?limit=3", cookie)).toMatchObject({ status: 200, text: "inside" });
  expect(await get("/jobs", `a=b; ${cookie}; c=d`, "POST")).toMatchObject({ text: "inside" });
  // another browser, which has read the address
  expect((await get(`/?token=${token}`)).status).toBe(403);
});

test("nobody else is", async () => {
  const { token, get } = await guarded();
  const name = "dreamgrid-1";
  for (const path of ["/", "/jobs", "/?token=", `/?token=${token}x`, `/jobs?token=${token}`]) {
    for (const cookie of ["", `${name}=${token}`, "dreamgrid"]) {
      expect(await get(path, cookie)).toMatchObject({ status: 403, given: "" });
    }
  }
  expect((await get(`/?token=${token}`, "", "POST")).status).toBe(403);
  expect((await get(`/?token=${token}`)).status).toBe(303);
});

test("one open page's cookie opens no other", async () => {
  const [one, other] = [await guarded(), await guarded()];
  const { given } = await one.get(`/?token=${one.token}`);
  const [, secret = ""] = given.split(";")[0]!.split("=");
  const { given: own } = await other.get(`/?token=${other.token}`);
  const [name = ""] = own.split("=");
  expect((await other.get("/", `${name}=${secret}`)).status).toBe(403);
});
