/**
 * CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, as in RFC 3720.
 *
 * Node has CRC-32 (zlib.crc32) but not this one.
 */
export class Crc32c {
  #state = 0xffffffff;

  update(bytes: Uint8Array): void {
    let crc = this.#state;
    for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
    this.#state = crc;
  }

  /** Four bytes, big-endian, as S3 encodes them. */
  digest(): Buffer {
    const out = Buffer.alloc(4);
    out.writeUInt32BE((this.#state ^ 0xffffffff) >>> 0);
    return out;
  }
}

const REFLECTED_POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ REFLECTED_POLYNOMIAL : crc >>> 1;
  return crc;
});
