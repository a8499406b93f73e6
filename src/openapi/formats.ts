import type { ExactJson } from "../kernel/exact_json.ts";
import { isDateTime, isFullDate, isFullTime } from "../kernel/timestamp.ts";
import { isNumber } from "./number_checks.ts";

const INT64_MAX = 2n ** 63n - 1n;
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}$/;
const HOST_LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;
const UUID = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

const texts: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": isDateTime,
  date: isFullDate,
  time: isFullTime,
  email: (text) => text.length <= 254 && EMAIL.test(text),
  hostname: (text) => text.length <= 253 && text.split(".").every((label) => HOST_LABEL.test(label)),
  ipv4: isIpv4,
  ipv6: (text) => /^[0-9a-fA-F:.]{2,45}$/.test(text) && URL.canParse(`http://[${text}]/`),
  uri: (text) =>
    /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]*$/.test(text) && !/[<>"\\^`{|}]/.test(text) && URL.canParse(text),
  uuid: (text) => UUID.test(text),
  byte: (text) => text.length % 4 === 0 && BASE64.test(text),
  base64url: (text) => text.length % 4 !== 1 && BASE64URL.test(text),
};

const numbers: Readonly<Record<string, (value: number | bigint) => boolean>> = {
  int32: (value) => isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31,
  int64: (value) => isInteger(value) && value >= -INT64_MAX - 1n && value <= INT64_MAX,
  float: (value) => Number.isFinite(Math.fround(Number(value))),
  double: (value) => Number.isFinite(Number(value)),
};

/** Formats that say how a value is shown or stored, and restrict nothing. */
const SAYING_NOTHING: ReadonlySet<string> = new Set(["password", "binary"]);

/** The test for a `format`; null where it restricts nothing, undefined where nobody here knows it. */
export function formatTest(format: string): ((value: ExactJson) => boolean) | null | undefined {
  if (SAYING_NOTHING.has(format)) return null;
  const ofText = Object.hasOwn(texts, format) ? texts[format] : undefined;
  if (ofText !== undefined) return (value) => typeof value !== "string" || ofText(value);
  const ofNumber = Object.hasOwn(numbers, format) ? numbers[format] : undefined;
  return ofNumber === undefined ? undefined : (value) => !isNumber(value) || ofNumber(value);
}

/** Names of all formats that a schema may use. */
export const FORMATS: readonly string[] = [...Object.keys(texts), ...Object.keys(numbers), ...SAYING_NOTHING];

function isInteger(value: number | bigint): boolean {
  return typeof value === "bigint" || Number.isInteger(value);
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}
