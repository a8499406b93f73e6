import argon2 from "argon2id/dist/simd.wasm";
import setupWasm from "argon2id/lib/setup.js";

/** A Worker that reads a form and computes one Argon2id of the default cost: what a sign-in by password cannot do without. */
let hash;

async function load(imports) {
  return { module: argon2, instance: new WebAssembly.Instance(argon2, imports) };
}

export default {
  async fetch(request) {
    const form = new URLSearchParams(await request.text());
    hash ??= await setupWasm(load, load);
    const password = new TextEncoder().encode(form.get("password"));
    const salt = crypto.getRandomValues(new Uint8Array(16));
    hash({ password, salt, parallelism: 1, passes: 2, memorySize: 19_456, tagLength: 32 });
    return new Response(null, { status: 303, headers: { location: "/account" } });
  },
};
