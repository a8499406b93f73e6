import { describe, expect, it } from "vitest";
import { readTextBody, takeBody } from "../../src/http/body.ts";

function chunked(text: string): Request {
  return new Request("http://localhost/", { method: "POST", body: new Blob([text]).stream() });
}

describe("a body that is taken in before its route", () => {
  it("is the same for whoever reads it then", async () => {
    const request = chunked("body");
    await takeBody(request, 8);
    expect(await readTextBody(request, 100)).toEqual({ ok: true, value: "body" });
    expect(await readTextBody(request, 3)).toEqual({ ok: false, error: "body_too_large" });
  });

  it("in part is never read as the whole", async () => {
    const request = chunked("0123456789");
    expect(await takeBody(request, 4)).toHaveLength(4);
    expect(await readTextBody(request, 3)).toEqual({ ok: false, error: "body_too_large" });
    await expect(readTextBody(request, 100)).rejects.toThrow(RangeError);
  });

  it("that is none is empty", async () => {
    expect(await readTextBody(new Request("http://localhost/"), 10)).toEqual({ ok: true, value: "" });
  });
});
