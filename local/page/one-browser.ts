import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Beside } from "../api-adapter.ts";

const SECRET_BYTES = 24;

/**
 * Lets in one browser alone: that which first comes with the token of the printed address. It gets
 * a cookie for it. Loopback is open to everybody on the machine, and what is behind this acts with
 * its user's own credentials.
 */
export class OneBrowser {
  /** For the address: `?token=...`; good once. */
  readonly token = newSecret();
  readonly #session = newSecret();
  #isUsed = false;

  /** @param beside what is answered to that browser; all else goes on to the API */
  guard(beside: Beside): Beside {
    return async (incoming, outgoing) => {
      if (this.#isKnown(incoming)) return beside(incoming, outgoing);
      if (this.#takesToken(incoming)) this.#letIn(incoming, outgoing);
      else refuse(outgoing);
      return true;
    };
  }

  #isKnown({ headers }: IncomingMessage): boolean {
    const name = `${cookieName(headers.host)}=`;
    const cookies = (headers.cookie ?? "").split(";").map((each) => each.trim());
    const given = cookies.find((each) => each.startsWith(name));
    return given !== undefined && isSame(given.slice(name.length), this.#session);
  }

  #takesToken({ method, url = "" }: IncomingMessage): boolean {
    const [path, query = ""] = url.split("?");
    const given = new URLSearchParams(query).get("token");
    if (this.#isUsed || method !== "GET" || path !== "/" || given === null) return false;
    this.#isUsed = isSame(given, this.token);
    return this.#isUsed;
  }

  #letIn({ headers }: IncomingMessage, outgoing: ServerResponse): void {
    const cookie = `${cookieName(headers.host)}=${this.#session}`;
    outgoing.writeHead(303, {
      "Set-Cookie": `${cookie}; Path=/; HttpOnly; SameSite=Strict`,
      // the token stays in no history, and in no address that is passed on
      Location: "/",
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer",
    });
    outgoing.end();
  }
}

function refuse(outgoing: ServerResponse): void {
  outgoing.writeHead(403, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
  outgoing.end(
    "This page is open to the one browser that came first with the address that `dreamgrid open` " +
      "printed. Start `dreamgrid open` again for another.\n",
  );
}

/** Cookies know hosts and no ports: another page on this machine has another name. */
function cookieName(host = ""): string {
  return `dreamgrid-${/:(\d+)$/.exec(host)?.[1] ?? "80"}`;
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** Takes as long whatever they have in common. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
