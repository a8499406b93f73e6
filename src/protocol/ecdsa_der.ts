/**
 * An ECDSA signature in ASN.1 DER (RFC 3279 §2.2.3: a SEQUENCE of the INTEGERs r and s) as WebCrypto takes it (IEEE P1363: r and s side by
 * side, `width` bytes each), or null. Strict: one spelling for each pair of numbers, nothing around or after it, no number that is
 * negative, zero, or wider than the curve.
 */
export function p1363FromDer(der: Uint8Array, width: number): Uint8Array<ArrayBuffer> | null {
  // Both numbers of a curve of 256 bits fit a length of one byte; longer forms are not minimal then.
  const [tag, length] = der;
  if (tag !== SEQUENCE || length !== der.length - 2 || length >= LONG_FORM) return null;
  const r = integerAt(der, 2, width);
  const s = r === null ? null : integerAt(der, r.end, width);
  if (r === null || s === null || s.end !== der.length) return null;
  const out = new Uint8Array(2 * width);
  out.set(r.magnitude, width - r.magnitude.length);
  out.set(s.magnitude, 2 * width - s.magnitude.length);
  return out;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const LONG_FORM = 0x80;

/** The positive INTEGER that begins at `at`, without the zero that keeps its first bit from being a sign. */
function integerAt(der: Uint8Array, at: number, width: number) {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== INTEGER || length === 0 || length >= LONG_FORM || end > der.length) return null;
  const bytes = der.subarray(at + 2, end);
  const [first = 0, second = 0] = bytes;
  const isPadded = first === 0 && bytes.length > 1;
  if (first >= 0x80 || (isPadded && second < 0x80)) return null;
  const magnitude = isPadded ? bytes.subarray(1) : bytes;
  const isZero = magnitude.every((byte) => byte === 0);
  return isZero || magnitude.length > width ? null : { magnitude, end };
}
