import { contrast, mix, readable } from "./colour.ts";

/**
 * The design system of the pages: what they are set in, spaced by and coloured with. Owns every number and colour; the
 * stylesheet only names them. Refuses an operator's colour where it could not be read: it is moved until it can.
 */
export const TYPE = {
  family:
    '-apple-system, BlinkMacSystemFont, "Segoe UI Variable Text", "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", ' +
    "Arial, system-ui, sans-serif",
  /** For what is compared character by character: codes and request ids. */
  mono: 'ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", "Liberation Mono", Menlo, monospace',
  small: "0.875rem",
  body: "1rem",
  lead: "1.0625rem",
  heading: "1.125rem",
  title: "1.625rem",
  code: "1.5rem",
} as const;

/** Steps of 4 px at the browser's default size. */
export const SPACE = {
  hair: "0.25rem",
  tight: "0.5rem",
  close: "0.75rem",
  even: "1rem",
  loose: "1.5rem",
  wide: "2rem",
  open: "3rem",
} as const;

/** The colours of one scheme. */
export interface Palette {
  /** Behind everything, and behind the panels. */
  readonly page: string;
  readonly panel: string;
  /** A quiet ground for what belongs together on a panel. */
  readonly inset: string;
  readonly ink: string;
  readonly muted: string;
  /** Lines that only divide. */
  readonly line: string;
  /** Edges of controls, which must be seen. */
  readonly edge: string;
  readonly accent: string;
  readonly onAccent: string;
  /** The accent as text, and as the ring of focus. */
  readonly accentInk: string;
  /** Around a button under the pointer. */
  readonly halo: string;
  readonly danger: string;
  readonly dangerGround: string;
  readonly good: string;
  readonly goodGround: string;
}

const LIGHT = {
  page: "#f4f5f7",
  panel: "#ffffff",
  inset: "#f6f7f9",
  ink: "#151922",
  muted: "#525a68",
  line: "#dfe3e9",
  edge: "#828a98",
  danger: "#a8201a",
  dangerGround: "#fdf1f0",
  good: "#17643a",
  goodGround: "#edf7f1",
} as const;

const DARK = {
  page: "#0e1116",
  panel: "#161a21",
  inset: "#1c212a",
  ink: "#eceff4",
  muted: "#a7afbd",
  line: "#2a303b",
  edge: "#727c8c",
  danger: "#ffb3aa",
  dangerGround: "#351b1a",
  good: "#8fdcab",
  goodGround: "#13291c",
} as const;

/** Blue on black is harder to read than its ratio says: there the accent is lifted further. */
const ACCENT_CONTRAST = { light: 4.5, dark: 6.5 } as const;

/** Both palettes for an operator's `accent`. Every pair that meets on a page is readable, whatever the accent is. */
export function palettes(accent: string): { readonly light: Palette; readonly dark: Palette } {
  return {
    light: palette(LIGHT, accent, "#000000", ACCENT_CONTRAST.light),
    dark: palette(DARK, accent, "#ffffff", ACCENT_CONTRAST.dark),
  };
}

function palette(
  base: Omit<Palette, "accent" | "onAccent" | "accentInk" | "halo">,
  accent: string,
  far: string,
  least: number,
): Palette {
  const accentInk = readable(accent, far, [base.page, base.panel, base.inset], least);
  return {
    ...base,
    accent,
    // One of the two is always readable: no colour is close to both.
    onAccent: contrast(accent, "#ffffff") >= contrast(accent, "#000000") ? "#ffffff" : "#000000",
    accentInk,
    halo: mix(base.panel, accentInk, 0.28),
  };
}

/** Which colours meet as text and ground, and which as edge and ground: what the tests hold the palettes to. */
export const TEXT_PAIRS: readonly (readonly [keyof Palette, keyof Palette])[] = [
  ...(["ink", "muted", "accentInk", "danger"] as const).flatMap((text) =>
    (["page", "panel", "inset"] as const).map((ground) => [text, ground] as const),
  ),
  ["onAccent", "accent"],
  ["danger", "dangerGround"],
  ["ink", "dangerGround"],
  ["good", "goodGround"],
  ["ink", "goodGround"],
  ["good", "panel"],
];

export const EDGE_PAIRS: readonly (readonly [keyof Palette, keyof Palette])[] = [
  ["edge", "panel"],
  ["edge", "inset"],
  ["accentInk", "page"],
  ["accentInk", "panel"],
  ["accentInk", "inset"],
];
