import { createHash } from "node:crypto";

import { MAX_MESSAGE_ATTRIBUTES } from "../limits.ts";
import type { MessageAttribute } from "./message.ts";
import { invalidParameter } from "./sqs-error.ts";

type Attributes = Readonly<Record<string, MessageAttribute>>;

/** Attributes count against the size of a message: name, type and value, in bytes. */
export function attributesSize(attributes: Attributes): number {
  return Object.entries(attributes).reduce(
    (size, [name, attribute]) =>
      size +
      Buffer.byteLength(name) +
      Buffer.byteLength(attribute.DataType) +
      valueBytes(attribute).length,
    0,
  );
}

/** @throws AwsError InvalidParameterValue */
export function checkMessageAttributes(attributes: Attributes): void {
  const entries = Object.entries(attributes);
  if (entries.length > MAX_MESSAGE_ATTRIBUTES) {
    throw invalidParameter(
      "MessageAttributes",
      entries.length,
      `a message can have at most ${MAX_MESSAGE_ATTRIBUTES} attributes`,
    );
  }
  for (const [name, attribute] of entries) {
    const isNameValid = /^(?!\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/.test(name);
    if (!isNameValid || /^(aws|amazon)\./i.test(name)) {
      throw invalidParameter("MessageAttributes", name, "it is not a valid attribute name");
    }
    const { DataType, StringValue, BinaryValue } = attribute;
    const isBytes = /^Binary(\..+)?$/.test(DataType);
    const isText = /^(String|Number)(\..+)?$/.test(DataType);
    const value = isBytes ? BinaryValue : StringValue;
    if ((!isBytes && !isText) || value === undefined || value === "") {
      throw invalidParameter(
        name,
        DataType,
        "the type must be Binary, Number or String, and the value of that type must not be empty",
      );
    }
    if (DataType.startsWith("Number") && !Number.isFinite(Number(value))) {
      throw invalidParameter(name, value, "it is not a number");
    }
  }
}

/** The attributes a receiver asks for: by name, by `prefix.*`, or all. */
export function chooseAttributes(attributes: Attributes, wanted: readonly string[]): Attributes {
  const isWanted = (name: string) =>
    wanted.some(
      (pattern) =>
        ["All", ".*", name].includes(pattern) ||
        (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -1))),
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)));
}

const TRANSPORT_TEXT = 1;
const TRANSPORT_BINARY = 2;

/**
 * MD5 over names, types and values; `undefined` without attributes.
 *
 * Source: "Calculating the MD5 message digest for message attributes", Amazon SQS developer guide.
 */
export function attributesMd5(attributes: Attributes): string | undefined {
  const entries = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  const md5 = createHash("md5");
  const update = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    md5.update(length).update(bytes);
  };
  for (const [name, attribute] of entries) {
    update(Buffer.from(name));
    update(Buffer.from(attribute.DataType));
    md5.update(Buffer.of(isBinary(attribute) ? TRANSPORT_BINARY : TRANSPORT_TEXT));
    update(valueBytes(attribute));
  }
  return md5.digest("hex");
}

function isBinary({ DataType }: MessageAttribute): boolean {
  return DataType.startsWith("Binary");
}

function valueBytes(attribute: MessageAttribute): Buffer {
  return isBinary(attribute)
    ? Buffer.from(attribute.BinaryValue ?? "", "base64")
    : Buffer.from(attribute.StringValue ?? "");
}
