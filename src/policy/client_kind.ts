/** What a caller says to be made of. No proof: whoever writes the headers chooses it. */
export interface ClientKind {
  readonly deviceType: "mobile" | "tablet" | "desktop" | "unknown";
  readonly clientType: "browser" | "program" | "unknown";
}

const MOST_CHARACTERS = 512;
const ENGINE = /\b(?:AppleWebKit|Gecko|Trident)\/|\bMSIE /;
const TABLET = /\biPad\b|\bTablet\b|\bAndroid\b(?!.*\bMobile\b)/;
const MOBILE = /\biPhone\b|\bMobile\b/;
const DESKTOP = /\bWindows NT\b|\bMacintosh\b|\bX11\b|\bCrOS\b/;

/**
 * The kind of device and program that a caller claims to be: by `Sec-CH-UA-Mobile` (User-Agent Client Hints), else by the
 * `User-Agent`. For rules that keep honest callers from mistakes, never for those that keep others out.
 */
export function clientKind(header: (name: string) => string | null): ClientKind {
  const agent = (header("user-agent") ?? "").slice(0, MOST_CHARACTERS);
  const hint = header("sec-ch-ua-mobile");
  const isBrowser = hint !== null || (agent.startsWith("Mozilla/") && ENGINE.test(agent));
  const clientType = isBrowser ? "browser" : agent === "" ? "unknown" : "program";
  return { clientType, deviceType: deviceType(agent, hint) };
}

function deviceType(agent: string, hint: string | null): ClientKind["deviceType"] {
  if (TABLET.test(agent)) return "tablet";
  if (hint === "?1" || MOBILE.test(agent)) return "mobile";
  return hint === "?0" || DESKTOP.test(agent) ? "desktop" : "unknown";
}
