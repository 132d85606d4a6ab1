import { XMLParser, XMLValidator } from "fast-xml-parser";

import { AwsError } from "./aws-error.ts";

/** Content of an element: text, or children. `undefined` leaves the element out, an array repeats it. */
export type XmlContent =
  | string
  | number
  | boolean
  | { readonly [child: string]: XmlContent | readonly XmlContent[] | undefined };

const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** An XML document with one root element. Text is escaped, so that any key survives. */
export function xmlDocument(root: string, content: XmlContent, namespace = S3_NAMESPACE): string {
  const attribute = namespace === "" ? "" : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${render(content)}</${root}>`;
}

function render(content: XmlContent): string {
  if (typeof content !== "object") return escapeText(String(content));
  return Object.entries(content)
    .flatMap(([name, value]) => {
      if (value === undefined) return [];
      return asList(value).map((item) => `<${name}>${render(item)}</${name}>`);
    })
    .join("");
}

function asList(value: XmlContent | readonly XmlContent[]): readonly XmlContent[] {
  return isList(value) ? value : [value];
}

// Array.isArray does not narrow readonly arrays
function isList(value: XmlContent | readonly XmlContent[]): value is readonly XmlContent[] {
  return Array.isArray(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  // parsers turn a bare carriage return into a line feed
  "\r": "&#13;",
};

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

/** A parsed element: text, or children by name, where one name may come more than once. */
export type XmlNode = string | { readonly [child: string]: XmlNode | readonly XmlNode[] };

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true, // numeric entities too
});

// XML 1.0 cannot carry these, not even escaped: no client could read an answer that names them
// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/**
 * Parses a request document and returns the content of its root element.
 *
 * @throws AwsError MalformedXML if it is not well-formed or has another root.
 */
export function parseXml(text: string, root: string): XmlNode {
  const isXml = XMLValidator.validate(text) === true && !NOT_XML.test(text);
  if (!isXml || text.includes("<!DOCTYPE")) throw malformedXml();
  const document = parser.parse(text) as XmlNode;
  const content = typeof document === "string" ? undefined : document[root];
  if (content === undefined || Array.isArray(content)) throw malformedXml();
  return content as XmlNode;
}

export function malformedXml(): AwsError {
  return new AwsError(
    400,
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

/** Every child element of that name, in order. */
export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  if (typeof node === "string") return [];
  const found = node[name];
  if (found === undefined) return [];
  return Array.isArray(found) ? (found as readonly XmlNode[]) : [found as XmlNode];
}

/** Names of the child elements; white space between them is not one. */
export function childNames(node: XmlNode): readonly string[] {
  return typeof node === "string" ? [] : Object.keys(node).filter((name) => name !== "#text");
}

/** Text of the only child of that name; `null` if there is none. */
export function childText(node: XmlNode, name: string): string | null {
  const [first, ...others] = childrenOf(node, name);
  if (first === undefined) return null;
  if (others.length > 0 || typeof first !== "string") throw malformedXml();
  return first;
}
