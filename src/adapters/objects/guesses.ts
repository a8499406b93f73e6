import type { LockoutConfig } from "../../config/schema.ts";
import { Outage, orOutage } from "../../kernel/outage.ts";
import { type LockoutRules, MINUTE_MS } from "../../limits/lockout.ts";
import type { Spacing } from "../../limits/spaced.ts";
import type { Attempt, CountedNetwork, GuessBudget, Guesses } from "../../ports/guesses.ts";
import type { GuessesObject, Pace } from "../../ports/guesses_object.ts";
import { AddressBudgets, type CountedAddress } from "../address_budgets.ts";

const DEADLINE_MS = 5_000;
const HOUR_MS = 3_600_000;
/** How much wider the budget of a mailbox is than that of one of the addresses that lead to it. */
const RECIPIENTS_PER_MAILBOX = 4;

/** The part of a `DurableObjectNamespace` used here: an object by its name. */
export interface GuessesObjects {
  getByName(name: string): GuessesObject;
}

type Wait = { readonly retryAfterSeconds: number } | null;

/**
 * Guesses counted in Durable Objects: one per login name, one per address, one per other budget. Throws `Outage("guesses")`
 * when they cannot be asked, and then nobody signs in: uncounted guesses would be free ones.
 *
 * The address is asked first, for a flood from one place then ends at one object, makes none for the names it invents, and
 * can lock no one out. If the name refuses, the address gets its unit back. A crash between the two leaves the
 * address charged for a minute: the strict side. A known browser is asked of at the name alone, under a pace of its own, so that
 * neighbours at its address cannot keep it out either; what only claims to be known is told apart without being counted.
 */
export class DurableObjectGuesses implements Guesses {
  readonly #objects: GuessesObjects;
  readonly #settings: LockoutConfig;
  readonly #deadlineMs: number;
  readonly #addresses: AddressBudgets;

  constructor(objects: GuessesObjects, settings: LockoutConfig, deadlineMs = DEADLINE_MS) {
    this.#objects = objects;
    this.#settings = settings;
    this.#deadlineMs = deadlineMs;
    this.#addresses = new AddressBudgets((name, call) => this.#ask(name, call));
  }

  async begin(attempt: Attempt, nowMs: number): Promise<Wait> {
    const { name, knownBrowser } = attempt;
    if (knownBrowser !== null) {
      const known = await this.#attempt(name, knownBrowser, true, nowMs);
      if (known !== "unknown_browser") return known;
    }
    const pace = { most: this.#settings.attemptsPerAddressPerMinute, windowMs: MINUTE_MS };
    const addressWait = await this.#addresses.take(addressOf(attempt), pace, nowMs);
    if (addressWait !== null) return wait(addressWait.retryAfterMs);
    const nameWait = await this.#attempt(name, null, false, nowMs);
    if (nameWait === null || nameWait === "unknown_browser") return null;
    await this.#addresses.giveBack(addressOf(attempt), nowMs);
    return nameWait;
  }

  async succeeded(
    attempt: Attempt,
    nowMs: number,
    newBrowser: string | null = null,
    others: "keep" | "forget" = "keep",
  ): Promise<void> {
    const { name, knownBrowser } = attempt;
    const by = await this.#ask(`name:${name}`, (object) => object.forgive(knownBrowser, newBrowser, nowMs, others));
    if (by === "browser") return;
    // It stays charged for a minute at the worst: no reason to keep out who is signed in already.
    await this.#addresses.giveBack(addressOf(attempt), nowMs).catch(() => undefined);
  }

  async giveBack(attempt: Attempt, nowMs: number): Promise<void> {
    const { name, knownBrowser } = attempt;
    const rules = this.#rules();
    const by = await this.#ask(`name:${name}`, (object) => object.takeBack(knownBrowser, rules, nowMs));
    if (by === "strangers") await this.#addresses.giveBack(addressOf(attempt), nowMs);
  }

  async knows({ name, knownBrowser }: Pick<Attempt, "name" | "knownBrowser">, nowMs: number): Promise<boolean> {
    return knownBrowser !== null && this.#ask(`name:${name}`, (object) => object.knows(knownBrowser, nowMs));
  }

  async failures(
    attempt: Omit<Attempt, "name"> & { readonly name: string | null },
    enough: number,
    nowMs: number,
  ): Promise<number> {
    const { name, knownBrowser } = attempt;
    if (name !== null && knownBrowser !== null) {
      const { count, by } = await this.#ask(`name:${name}`, (object) => object.failures(knownBrowser, nowMs));
      if (by === "browser") return counted(count);
    }
    // The address first: names that a flood invents are not even asked about.
    const taken = counted(await this.#addresses.taken(addressOf(attempt), enough, nowMs));
    if (name === null || taken >= enough) return taken;
    const { count } = await this.#ask(`name:${name}`, (object) => object.failures(null, nowMs));
    return Math.max(taken, counted(count));
  }

  async take(budget: GuessBudget, key: string, nowMs: number, networks: readonly CountedNetwork[] = []): Promise<Wait> {
    const pace = this.#pace(budget);
    const denied =
      "everyMs" in pace
        ? await this.#ask(`${budget}:${key}`, (object) => object.takeSpaced(pace, nowMs))
        : await this.#addresses.take({ kind: budget, key, networks }, pace, nowMs);
    return denied === null ? null : wait(denied.retryAfterMs);
  }

  async #attempt(
    name: string,
    browser: string | null,
    onlyKnown: boolean,
    nowMs: number,
  ): Promise<Wait | "unknown_browser"> {
    const rules = this.#rules();
    const verdict = await this.#ask(`name:${name}`, (object) => object.attempt(browser, onlyKnown, rules, nowMs));
    switch (verdict.kind) {
      case "counted":
        return null;
      case "refused":
        return wait(verdict.retryAfterMs);
      case "unknown_browser":
        return "unknown_browser";
      default:
        throw new Outage("guesses", { cause: "no verdict" });
    }
  }

  #rules(): LockoutRules {
    const { steps, attemptsPerAddressPerMinute } = this.#settings;
    return { steps, attemptsPerMinute: attemptsPerAddressPerMinute };
  }

  #pace(budget: GuessBudget): Pace | Spacing {
    const settings = this.#settings;
    switch (budget) {
      case "registrations_by_address":
        return { most: settings.registrationsPerAddressPerHour, windowMs: HOUR_MS };
      case "mails_to_recipient":
      case "registrations_to_recipient":
      case "address_changes_to_recipient":
      case "mails_to_known_browser":
        return this.#mailSpacing(1);
      case "mails_to_mailbox":
      case "registrations_to_mailbox":
      case "address_changes_to_mailbox":
        return this.#mailSpacing(RECIPIENTS_PER_MAILBOX);
      case "mails_by_address":
        return { most: settings.mailsPerAddressPerHour, windowMs: HOUR_MS };
      case "user_codes":
        return { most: settings.userCodeGuessesPerMinute, windowMs: MINUTE_MS };
      case "client_failures":
        return { most: settings.clientFailuresPerMinute, windowMs: MINUTE_MS };
      case "transactions_by_address":
        return { most: settings.transactionsPerAddressPerMinute, windowMs: MINUTE_MS };
      case "device_codes_by_address":
        return { most: settings.deviceCodesPerAddressPerMinute, windowMs: MINUTE_MS };
      default:
        throw new RangeError(`there is no budget called ${budget}`);
    }
  }

  /** What `recipients` of one mailbox may get together. */
  #mailSpacing(recipients: number): Spacing {
    const { mailBurstPerRecipient, mailsPerRecipientPerHour } = this.#settings;
    return { burst: recipients * mailBurstPerRecipient, everyMs: HOUR_MS / (recipients * mailsPerRecipientPerHour) };
  }

  #ask<T>(name: string, call: (object: GuessesObject) => Promise<T>): Promise<T> {
    return orOutage("guesses", this.#deadlineMs, () => call(this.#objects.getByName(name)));
  }
}

function addressOf({ address, networks = [] }: Pick<Attempt, "address" | "networks">): CountedAddress {
  return { kind: "address", key: address, networks };
}

function wait(retryAfterMs: number): { readonly retryAfterSeconds: number } {
  return { retryAfterSeconds: Math.max(1, Math.ceil(counted(retryAfterMs) / 1_000)) };
}

/** What an object counted. No comparison holds for what is no number, so that nothing would ever be too much. */
function counted(told: number): number {
  if (!Number.isFinite(told)) throw new Outage("guesses", { cause: "no number" });
  return told;
}
