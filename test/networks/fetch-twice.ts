import { downloadFile } from "../../lib/networks/fetch.ts";

/** Downloads a file, and then has Node's own `fetch` send something to the same address. */
const [url = "", target = "", sha256 = ""] = process.argv.slice(2);
await downloadFile({ url, target, sha256, sizeBytes: null, remedy: "" });
const sent = { method: "PUT", headers: { "Content-Length": "3" }, body: "abc" };
process.stdout.write(String((await fetch(url, sent)).status));
