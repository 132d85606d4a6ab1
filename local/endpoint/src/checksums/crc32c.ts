const REFLECTED_POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ REFLECTED_POLYNOMIAL : crc >>> 1;
  return crc;
});

/**
 * CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, as in RFC 3720.
 *
 * As zlib.crc32, which Node has, it goes on from the value of the bytes before, 0 at first.
 */
export function crc32c(bytes: Uint8Array, former: number): number {
  let crc = ~former;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
