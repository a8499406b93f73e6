import type { Page as Tab } from "playwright-core";

/** What is wrong with how a page reads: texts whose contrast is too low, as the browser has drawn them. */
export function poorContrasts(tab: Tab, least: number): Promise<readonly string[]> {
  return tab.evaluate((leastRatio) => {
    const parse = (colour: string) => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
      return { red, green, blue, alpha };
    };
    const linear = (part: number) =>
      part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = ({ red, green, blue }: ReturnType<typeof parse>) =>
      0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    const ground = (from: Element) => {
      for (let at: Element | null = from; at !== null; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour.alpha > 0) return colour;
      }
      return parse("rgb(255,255,255)");
    };
    const ratio = (one: number, other: number) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const poor: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (element === null || (node.textContent ?? "").trim() === "" || element.closest("script,style,[hidden]"))
        continue;
      const found = ratio(luminance(parse(getComputedStyle(element).color)), luminance(ground(element)));
      if (found < leastRatio) poor.push(`${found.toFixed(2)} ${(node.textContent ?? "").trim().slice(0, 40)}`);
    }
    for (const input of document.querySelectorAll("input:not([type=hidden]):not([hidden])")) {
      const found = ratio(luminance(parse(getComputedStyle(input).color)), luminance(ground(input)));
      if (found < leastRatio) poor.push(`${found.toFixed(2)} <input name=${input.getAttribute("name")}>`);
    }
    return poor;
  }, least);
}

/** Controls without a name that a screen reader could say. */
export function unnamedControls(tab: Tab): Promise<readonly string[]> {
  return tab.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLInputElement>("input,select,textarea,button,a")];
    return controls
      .filter((control) => control.type !== "hidden" && !control.hidden)
      .filter((control) => {
        const labels = [...(control.labels ?? [])].map((label) => label.textContent ?? "").join("");
        return (labels + (control.getAttribute("aria-label") ?? "") + (control.textContent ?? "")).trim() === "";
      })
      .map((control) => control.outerHTML);
  });
}

/** Ids that `aria-describedby`, `aria-labelledby` or `for` name and that are not there, and ids that are there twice. */
export function brokenTies(tab: Tab): Promise<readonly string[]> {
  return tab.evaluate(() => {
    const named = [...document.querySelectorAll("[aria-describedby],[aria-labelledby],[for]")].flatMap((element) =>
      ["aria-describedby", "aria-labelledby", "for"].flatMap((name) => element.getAttribute(name)?.split(" ") ?? []),
    );
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    return [
      ...named.filter((id) => document.getElementById(id) === null),
      ...ids.filter((id, at) => ids.indexOf(id) !== at),
    ];
  });
}

/** How far a page is wider than its window, in CSS pixels. */
export function overhang(tab: Tab): Promise<number> {
  return tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Walks the page by the Tab key: the controls that it never reached, and those where the focus is not seen. */
export async function tabFaults(tab: Tab): Promise<readonly string[]> {
  const all = await tab.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const controls = [...document.querySelectorAll<HTMLInputElement>("input,select,textarea,button,a[href]")].filter(
      (control) => control.type !== "hidden" && !control.hidden,
    );
    for (const [at, control] of controls.entries()) control.dataset.tab = String(at);
    return controls.map((control) => control.outerHTML.slice(0, 120));
  });
  const seen = new Set<number>();
  const faults: string[] = [];
  for (let step = 0; step < all.length + 1; step++) {
    await tab.keyboard.press("Tab");
    const at = await tab.evaluate(() => {
      const control = document.activeElement;
      if (!(control instanceof HTMLElement) || control.dataset.tab === undefined) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(control);
      return {
        index: Number(control.dataset.tab),
        isSeen: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
      };
    });
    if (at === null) continue;
    seen.add(at.index);
    if (!at.isSeen) faults.push(`no focus ring: ${all[at.index]}`);
  }
  return [...faults, ...all.filter((_, at) => !seen.has(at)).map((control) => `not reached: ${control}`)];
}
