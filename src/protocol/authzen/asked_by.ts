/** Which decision points have passed a question on, in their order, by the URLs of their gateways: so that none is asked by itself. */
export const ASKED_BY = "sallyport-asked-by";

/** A question that went through more of them is going nowhere. */
const MOST_ASKERS = 8;
const MOST_CHARACTERS = 2_000;
const NOBODY: readonly string[] = [];

/** Who asked before the question came to `self`, as `field` tells; null where `self` is among them, or where they are too many. */
export function askersBefore(field: string | null, self: string): readonly string[] | null {
  if (field === null) return NOBODY;
  if (field.length > MOST_CHARACTERS) return null;
  const askers = field.split(",").map((one) => one.trim());
  return askers.includes(self) || askers.length >= MOST_ASKERS ? null : askers;
}

/** The field of a question that `self` passes on. */
export function askedBy(askers: readonly string[], self: string): string {
  return [...askers, self].join(", ");
}
