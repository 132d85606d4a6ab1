import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import * as z from "zod";

import { AwsError } from "./aws-error.ts";

/**
 * Content of an element: text, or children by name; a list repeats one, `undefined` leaves it out.
 */
export type XmlContent = string | object;

const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

const builder = new XMLBuilder({ ignoreAttributes: false });

/** An XML document with one root element. Text is escaped, so that any key survives. */
export function xmlDocument(root: string, content: XmlContent, namespace = S3_NAMESPACE): string {
  const attributes = namespace === "" ? {} : { "@_xmlns": namespace };
  const children = typeof content === "string" ? { "#text": content } : content;
  const xml = builder.build({ [root]: { ...attributes, ...children } });
  // parsers turn a bare carriage return into a line feed
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xml.replaceAll("\r", "&#13;")}`;
}

/** Elements of requests that may come more than once. */
const LISTS = ["Event", "FilterRule", "Object", "Part", "QueueConfiguration"];

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true, // numeric entities too
  isArray: (name) => LISTS.includes(name),
});

// XML 1.0 cannot carry these, not even escaped: no client could read an answer that names them
// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/**
 * Parses a request document and returns the content of its root element.
 *
 * @throws AwsError MalformedXML if it is not well-formed, has another root, or is not of the
 *   schema.
 */
export function parseXml<Schema extends z.ZodType>(
  text: string,
  root: string,
  schema: Schema,
): z.output<Schema> {
  const isXml = XMLValidator.validate(text) === true && !NOT_XML.test(text);
  if (!isXml || text.includes("<!DOCTYPE")) throw malformedXml();
  const document = parser.parse(text) as Readonly<Record<string, unknown>>;
  const parsed = schema.safeParse(document[root]);
  if (!parsed.success) throw malformedXml();
  return parsed.data;
}

/** An element with these children. One that has none is an empty text to the parser. */
export function element<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.preprocess((node) => (typeof node === "string" ? {} : node), z.looseObject(shape));
}

function malformedXml(): AwsError {
  return new AwsError(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}
