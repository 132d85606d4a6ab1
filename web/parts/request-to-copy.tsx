import { useState } from "preact/hooks";

import { formatChannels } from "../state/channels.ts";

type Request = Readonly<Record<string, unknown>>;

const FORMS: Readonly<Record<string, (request: Request) => string>> = {
  JSON: readable,
  curl: (request) => {
    const { api, region } = document.documentElement.dataset;
    const base = api === undefined ? location.href : `${api.replace(/\/$/, "")}/`;
    return [
      "curl -H 'Content-Type: application/json' \\",
      ...(region === undefined ? [] : signing(region)),
      `  -d ${shellQuoted(JSON.stringify(request))} \\`,
      `  ${shellQuoted(new URL("jobs", base).href)}`,
    ].join("\n");
  },
  library: (request) => {
    const { network, ...rest } = request;
    return [
      'import { readNetwork, render } from "dreamgrid";',
      "",
      `const network = await readNetwork(${JSON.stringify(network)});`,
      `const request = ${readable(rest)};`,
      "for await (const event of render({ network, ...request })) console.log(event);",
    ].join("\n");
  },
};

/** JSON in lines, but for lists of plain values, which stay on one. */
function readable(value: unknown): string {
  const lines = JSON.stringify(value, null, 2);
  return lines.replaceAll(/\[\n\s+([^[\]{}]*?)\n\s*\]/g, (_, list: string) => {
    return `[${list.replaceAll(/\n\s+/g, " ")}]`;
  });
}

/** The same request; channels that follow each other are a range. */
function withRange(request: Request): Request {
  const { channels } = request;
  if (!Array.isArray(channels) || channels.length < 3) return request;
  const [first] = channels as readonly unknown[];
  const isRun = channels.every((channel, i) => typeof first === "number" && channel === first + i);
  return isRun ? { ...request, channels: formatChannels(channels as number[]) } : request;
}

/** With the credentials that the AWS command line takes from the environment. */
const signing = (region: string) => [
  `  --aws-sigv4 ${shellQuoted(`aws:amz:${region}:execute-api`)} \\`,
  '  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\',
  '  ${AWS_SESSION_TOKEN:+-H "x-amz-security-token: $AWS_SESSION_TOKEN"} \\',
];

/** A request as JSON, as a curl command and as a call of the library. */
export function RequestToCopy({ request: given }: { readonly request: Request }) {
  const request = withRange(given);
  const [form, setForm] = useState("JSON");
  const [copied, setCopied] = useState<string | null>(null);
  const text = FORMS[form]?.(request) ?? "";
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(text),
      () => setCopied(null),
    );
  return (
    <section class="request-to-copy">
      <div class="row">
        <h2>Request</h2>
        <div class="row choices" role="group" aria-label="Form of the request">
          {Object.keys(FORMS).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === form}
              onClick={() => setForm(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <button type="button" onClick={() => void copy()}>
          {copied === text ? "Copied" : "Copy"}
        </button>
      </div>
      <pre tabIndex={0} aria-label={`the request as ${form}`}>
        {text}
      </pre>
    </section>
  );
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
