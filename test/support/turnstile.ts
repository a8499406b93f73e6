import type { StubNetwork } from "./network.ts";

export const SITEVERIFY = "https://challenges.cloudflare.com";
/** Whom the stand-in believes to be asking. */
export const TURNSTILE_SECRET = "0x4AAAsecret-of-the-widget";

/** What the stand-in knows of a token. */
export interface SolvedToken {
  readonly action: string;
  readonly hostname: string;
  readonly solvedAtMs: number;
}

/** A stand-in for Turnstile's siteverify: it takes each of its tokens once. */
export interface TurnstileStandIn {
  /** What it was asked, in order. */
  readonly asked: Record<string, unknown>[];
  isDown: boolean;
  /** A token that somebody solved just now. */
  solve(solved?: Partial<SolvedToken>): string;
}

/** Puts the stand-in on `network`. */
export function serveTurnstile(network: StubNetwork): TurnstileStandIn {
  const asked: Record<string, unknown>[] = [];
  const tokens = new Map<string, SolvedToken>();
  const spent = new Set<string>();
  const answer = (body: object) => Response.json({ messages: [], ...body });
  const standIn: TurnstileStandIn = { asked, isDown: false, solve };
  network.serve(SITEVERIFY, async (request) => {
    if (standIn.isDown) return new Response("no", { status: 500 });
    const body: Record<string, unknown> = await request.json();
    asked.push(body);
    const token = String(body.response);
    const solved = tokens.get(token);
    if (body.secret !== TURNSTILE_SECRET) return answer({ success: false, "error-codes": ["invalid-input-secret"] });
    if (solved === undefined) return answer({ success: false, "error-codes": ["invalid-input-response"] });
    const stale = Date.now() - solved.solvedAtMs > 300_000;
    if (spent.has(token) || stale) return answer({ success: false, "error-codes": ["timeout-or-duplicate"] });
    spent.add(token);
    const { action, hostname, solvedAtMs } = solved;
    const challenge_ts = new Date(solvedAtMs).toISOString();
    return answer({ success: true, "error-codes": [], challenge_ts, hostname, action, cdata: "" });
  });
  function solve(solved: Partial<SolvedToken> = {}): string {
    const token = `0.solved-${tokens.size + 1}-${crypto.randomUUID()}`;
    tokens.set(token, { action: "gateway", hostname: "app.example.com", solvedAtMs: Date.now(), ...solved });
    return token;
  }
  return standIn;
}
