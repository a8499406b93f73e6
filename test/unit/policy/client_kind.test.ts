import { expect, it } from "vitest";
import { clientKind } from "../../../src/policy/client_kind.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const TABLET =
  "Mozilla/5.0 (Linux; Android 15; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

it.each([
  ["a browser on a desk", { "user-agent": CHROME }, "desktop", "browser"],
  ["a phone", { "user-agent": IPHONE }, "mobile", "browser"],
  ["a tablet", { "user-agent": TABLET }, "tablet", "browser"],
  ["hints alone", { "sec-ch-ua-mobile": "?1" }, "mobile", "browser"],
  ["hints of a desk", { "sec-ch-ua-mobile": "?0" }, "desktop", "browser"],
  ["a program", { "user-agent": "curl/8.5.0" }, "unknown", "program"],
  ["nothing", {}, "unknown", "unknown"],
  ["more than is looked at", { "user-agent": `${"x".repeat(600)} iPhone` }, "unknown", "program"],
])("%s", (_, headers: Readonly<Record<string, string>>, deviceType, clientType) => {
  expect(clientKind((name) => headers[name] ?? null)).toEqual({ deviceType, clientType });
});
