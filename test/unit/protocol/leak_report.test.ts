import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_REPORTS, parseLeakReports } from "../../../src/protocol/leak_report.ts";

const REPORT = { token: "t", type: "sallyport_api_key", url: "https://github.com/a/b/blob/c/d.txt", source: "content" };

describe("reports of leaks", () => {
  it("are read, with what may be shown of where", () => {
    expect(parseLeakReports([REPORT, { ...REPORT, url: "", source: "Issue_comment", more: 1 }])).toEqual([
      REPORT,
      { ...REPORT, url: null, source: "issue_comment" },
    ]);
  });

  it.each<[unknown, unknown]>([
    ["javascript:alert(1)", null],
    ["data:text/html,x", null],
    ["not a url", null],
    [`https://x.test/${"a".repeat(2_000)}`, null],
    [undefined, null],
    [7, null],
    ["https://x.test/a b", "https://x.test/a%20b"],
  ])("of the URL %j operators see %j", (url, shown) => {
    expect(parseLeakReports([{ ...REPORT, url }])?.[0]?.url).toBe(shown);
  });

  it.each<[unknown]>([[undefined], [7], [""], ["a\nb"], ["<b>"]])("a source of %j is unknown", (source) => {
    expect(parseLeakReports([{ ...REPORT, source }])?.[0]?.source).toBe("unknown");
  });

  it.each<[string, unknown]>([
    ["an object", REPORT],
    ["nothing", []],
    ["null", null],
    ["a report that is a text", ["t"]],
    ["a report without token", [{ ...REPORT, token: undefined }]],
    ["an empty token", [{ ...REPORT, token: "" }]],
    ["a token without end", [{ ...REPORT, token: "x".repeat(5_000) }]],
    ["a number for a type", [{ ...REPORT, type: 7 }]],
    ["one bad among good ones", [REPORT, {}]],
    ["too many", Array.from({ length: MAX_REPORTS + 1 }, () => REPORT)],
  ])("%s is none", (_name, value) => {
    expect(parseLeakReports(value)).toBeNull();
  });

  it("no JSON throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseLeakReports(value);
        parseLeakReports([value]);
      }),
    );
  });
});
