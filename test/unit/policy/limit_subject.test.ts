import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KeyPart, type LimitedCall, limitSubject } from "../../../src/policy/limit_subject.ts";
import { ANONYMOUS, type Principal } from "../../../src/policy/principal.ts";

const proven = { v: 1, scopes: [], roles: [] } as const;
const issuer = "https://issuer.test";
const user: Principal = { ...proven, kind: "user", id: "usr_1", issuer, clientId: "cli_1" };
const client: Principal = { ...proven, kind: "client", id: "cli_1", issuer };
const key: Principal = { ...proven, kind: "api_key", id: "key_1", publishable: false };

function call(method: string, segments: readonly string[], address = "203.0.113.7"): LimitedCall {
  return { method, segments, address };
}

const parameter: KeyPart = { kind: "parameter", name: "id", index: 1 };
const of = (...kinds: Exclude<KeyPart["kind"], "parameter">[]): KeyPart[] => kinds.map((kind) => ({ kind }));

function subject(parts: readonly KeyPart[], principal: Principal, one = call("GET", ["documents", "d1"])) {
  return limitSubject(parts, "documents", principal, one);
}

describe("whose counter a call hits", () => {
  it.each<[string, KeyPart[], Principal, string]>([
    ["a user by itself", of("principal"), user, 'user:["https://issuer.test","usr_1"]'],
    ["a user by its client", of("client"), user, 'client:["https://issuer.test","cli_1"]'],
    ["a client, by either", of("client"), client, 'client:["https://issuer.test","cli_1"]'],
    ["a key, which is its own client", of("client"), key, "api_key:key_1"],
    ["a key", of("api_key"), key, "api_key:key_1"],
    ["who has no key, as its principal", of("api_key"), client, 'client:["https://issuer.test","cli_1"]'],
    ["an anonymous caller, by its address", of("principal"), ANONYMOUS, "address:203.0.113.7"],
    ["an anonymous caller by client", of("client"), ANONYMOUS, "address:203.0.113.7"],
    ["an address", of("address"), user, "address:203.0.113.7"],
    ["a route", of("route"), user, "route:documents"],
    ["an operation", of("operation"), user, "operation:GET documents"],
    ["a parameter", [parameter], user, "param:id=d1"],
    ["a combination", [...of("route"), parameter], user, '["route:documents","param:id=d1"]'],
  ])("%s", (_, parts, principal, expected) => {
    expect(subject(parts, principal)).toBe(expected);
  });

  it("HEAD is GET's operation, for GET's route answers it", () => {
    const head = subject(of("operation"), user, call("HEAD", []));
    expect(head).toBe(subject(of("operation"), user, call("GET", [])));
    expect(head).not.toBe(subject(of("operation"), user, call("POST", [])));
  });

  it("other spellings of one parameter are one counter: case, and compatibility forms", () => {
    for (const spelling of ["Doc-1", "DOC-1", "\uff44oc-1"]) {
      expect(subject([parameter], user, call("GET", ["documents", spelling])), spelling).toBe("param:id=doc-1");
    }
  });

  it("no two combinations share a counter, whatever a caller puts into the path", () => {
    const segment = fc.string({ maxLength: 20 });
    const parts: KeyPart[] = [parameter, { kind: "parameter", name: "id", index: 2 }, ...of("address")];
    fc.assert(
      fc.property(fc.array(segment, { minLength: 4, maxLength: 4 }), ([a = "", b = "", c = "", d = ""]) => {
        const [one, other] = [call("GET", ["x", a, b]), call("GET", ["x", c, d])];
        const lenient = (text: string) => text.normalize("NFKC").toUpperCase().toLowerCase();
        const same = lenient(a) === lenient(c) && lenient(b) === lenient(d);
        expect(subject(parts, user, one) === subject(parts, user, other)).toBe(same);
      }),
    );
  });
});
