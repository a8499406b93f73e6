/** What the platform says of where a call comes from. Null where it says nothing, or nothing that can be. */
export interface EdgeFacts {
  /** Number of the autonomous system that the address belongs to. */
  readonly asn: number | null;
  /** ISO 3166-1 alpha-2, or `T1` for Tor. */
  readonly country: string | null;
  /** In degrees; both or neither. */
  readonly position: { readonly latitude: number; readonly longitude: number } | null;
}

/**
 * Reads the platform's own object beside a request, never a header: a caller has no say in it. Another runtime has no such object,
 * and then nothing is known.
 */
export function readEdgeFacts(cf: unknown): EdgeFacts {
  const facts = typeof cf === "object" && cf !== null ? cf : {};
  const { asn, country, latitude, longitude } = facts as Record<string, unknown>;
  return {
    asn: typeof asn === "number" && Number.isInteger(asn) && asn > 0 && asn < 2 ** 32 ? asn : null,
    country: typeof country === "string" && /^[A-Z][A-Z0-9]$/.test(country) && country !== "XX" ? country : null,
    position: position(degrees(latitude, 90), degrees(longitude, 180)),
  };
}

function position(latitude: number | null, longitude: number | null): EdgeFacts["position"] {
  return latitude === null || longitude === null ? null : { latitude, longitude };
}

/** The platform writes degrees as text. */
function degrees(value: unknown, most: number): number | null {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^-?\d{1,3}(?:\.\d{1,20})?$/.test(text)) return null;
  const number = Number(text);
  return Math.abs(number) <= most ? number : null;
}
