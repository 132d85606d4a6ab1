import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { expectRefused, runWith } from "./command-line.ts";

const API = ["open", "--api", "http://127.0.0.1:1/prod"];

/** A port that somebody has. @returns it */
async function takenPort(): Promise<string> {
  const other = createServer();
  onTestFinished(() => void other.close());
  await once(other.listen(0, "127.0.0.1"), "listening");
  return String((other.address() as AddressInfo).port);
}

test("a port that is taken is refused in one line", async () => {
  const port = await takenPort();
  const words = [...API, "--region", "eu-west-3", "--port", port];
  const message = `port ${port} is in use; stop what uses it, or choose another with --port`;
  await expectRefused(await temporaryFolder(), words, message);
});

test.each([
  [{ AWS_REGION: "", AWS_DEFAULT_REGION: "eu-west-3" }, /is in use/],
  [{ AWS_REGION: "", AWS_DEFAULT_REGION: "" }, /does not name its region/],
])("of %j the region is that which says something", async (env, message) => {
  const { code, stderr } = await runWith({ env }, ...API, "--port", await takenPort());
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});
