/** Colours as `#rrggbb`, compared as WCAG 2.2 compares them. */
type Rgb = readonly [number, number, number];

/** What text needs to stand out from what is behind it (WCAG 2.2, 1.4.3, AA). */
export const TEXT_CONTRAST = 4.5;
/** What the edge of a control, or a focus ring, needs (1.4.11). */
export const EDGE_CONTRAST = 3;

/** The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(rgb(a)), luminance(rgb(b))].sort((one, other) => other - one) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** `from` with `share` (0 to 1) of `to` in it. */
export function mix(from: string, to: string, share: number): string {
  const [a, b] = [rgb(from), rgb(to)];
  return `#${a.map((part, at) => hex(part + ((b[at] ?? part) - part) * share)).join("")}`;
}

/**
 * The colour nearest to `colour`, on its way to `towards`, whose contrast to every one of `grounds` is `least`
 * or more. `towards` itself has to have it.
 */
export function readable(colour: string, towards: string, grounds: readonly string[], least = TEXT_CONTRAST): string {
  for (let step = 0; step < STEPS; step++) {
    const candidate = mix(colour, towards, step / STEPS);
    if (grounds.every((ground) => contrast(candidate, ground) >= least)) return candidate;
  }
  return towards;
}

const STEPS = 40;

function rgb(colour: string): Rgb {
  const at = (start: number) => Number.parseInt(colour.slice(start, start + 2), 16);
  return [at(1), at(3), at(5)];
}

function hex(part: number): string {
  return Math.round(part).toString(16).padStart(2, "0");
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(part: number): number {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
