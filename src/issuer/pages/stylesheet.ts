// Long because the stylesheet is one text, in the order of the page.
import { type Palette, palettes, SPACE, TYPE } from "./design.ts";

/**
 * The one stylesheet, for an operator's `accent`. It comes inside the page under the page's nonce, so that a page is one
 * response and asks for nothing else. No colour but the palette's, no selector by id.
 */
export function stylesheet(accent: string): string {
  const { light, dark } = palettes(accent);
  return `
:root{color-scheme:light dark;${variables(light)}}
@media (prefers-color-scheme:dark){:root{${variables(dark)}}}
${BASE}${FRAME}${FORMS}${PARTS}${ACCOUNT}`;
}

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour};`)
    .join("");
}

const BASE = `
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:400 ${TYPE.body}/1.5 ${TYPE.family};
-webkit-font-smoothing:antialiased;overflow-wrap:break-word}
h1,h2,h3,p,ul,ol,dl,dd{margin:0;padding:0}
ul{list-style:none}
h1{font-size:${TYPE.title};line-height:1.2;font-weight:650;letter-spacing:-.018em;text-wrap:balance}
h2{font-size:${TYPE.heading};line-height:1.35;font-weight:650;letter-spacing:-.008em}
h3{font-size:${TYPE.body};line-height:1.5;font-weight:600}
a{color:var(--accentInk);text-decoration-thickness:1px;text-underline-offset:.2em}
a:hover{text-decoration-thickness:2px}
strong{font-weight:600}
bdi{overflow-wrap:anywhere}
.whole{white-space:nowrap}
:focus-visible{outline:3px solid var(--accentInk);outline-offset:2px;border-radius:4px}
`;

const FRAME = `
.frame{width:100%;max-width:27.5rem;margin:0 auto;padding:clamp(${SPACE.wide},9vh,6rem) ${SPACE.even} ${SPACE.wide}}
.frame-wide{max-width:46rem;padding-top:${SPACE.open}}
.brand{display:flex;align-items:center;gap:${SPACE.close};margin:0 0 ${SPACE.loose};font-weight:600;letter-spacing:-.006em}
.brand-logo{display:block;height:2rem;width:auto;max-width:12rem}
.brand-mark{display:grid;place-items:center;width:1.875rem;height:2.125rem;border-radius:.9375rem .9375rem .25rem .25rem;
background:var(--accent);color:var(--onAccent);font-size:${TYPE.small};line-height:1;font-weight:700;padding-top:.1875rem}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:.875rem;padding:${SPACE.wide};
box-shadow:0 1px 2px rgb(16 20 28/.05),0 12px 32px -16px rgb(16 20 28/.14)}
.panel+.panel{margin-top:${SPACE.loose}}
.stack>*+*{margin-top:${SPACE.loose}}
.lead{color:var(--muted);margin-top:${SPACE.tight}}
.lead strong{color:var(--ink)}
.muted{color:var(--muted)}
.small{font-size:${TYPE.small};line-height:1.45}
.mono{font-family:${TYPE.mono};font-size:.95em}
.foot{margin-top:${SPACE.loose};color:var(--muted);font-size:${TYPE.small};display:flex;flex-wrap:wrap;gap:${SPACE.hair} ${SPACE.even};
justify-content:space-between}
.visually-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:30rem){
body{background:var(--panel)}
.frame{padding:${SPACE.loose} 1.25rem ${SPACE.wide}}
.frame-wide{padding-top:${SPACE.loose}}
.panel{border:0;border-radius:0;box-shadow:none;padding:0}
.panel+.panel{margin-top:${SPACE.wide};padding-top:${SPACE.wide};border-top:1px solid var(--line)}
.foot{margin-top:${SPACE.wide}}
}
`;

const FORMS = `
form.fields{display:grid;gap:1.25rem}
.field label{display:block;font-weight:600;margin-bottom:${SPACE.tight}}
.field .hint{color:var(--muted);font-size:${TYPE.small};line-height:1.45;margin-top:${SPACE.tight}}
.field .fault{color:var(--danger);font-size:${TYPE.small};line-height:1.45;font-weight:600;margin-top:${SPACE.tight}}
.field-head{display:flex;justify-content:space-between;align-items:baseline;gap:${SPACE.even}}
.field-head a{font-size:${TYPE.small}}
input.text{display:block;width:100%;height:3rem;padding:0 .875rem;font:inherit;color:var(--ink);background:var(--panel);
border:1px solid var(--edge);border-radius:.5rem;appearance:none}
input.text:hover{border-color:var(--ink)}
input.text:focus-visible{outline-offset:0;border-color:var(--accentInk);border-radius:.5rem}
input.text[aria-invalid=true]{border-color:var(--danger);box-shadow:inset 0 0 0 1px var(--danger)}
input.text[readonly]{background:var(--inset);color:var(--muted)}
input.code{height:3.5rem;font-family:${TYPE.mono};font-size:${TYPE.code};letter-spacing:.12em;text-align:center;text-transform:uppercase}
input:-webkit-autofill{-webkit-text-fill-color:var(--ink);box-shadow:inset 0 0 0 100px var(--panel)}
.reveal-row{position:relative}
.reveal-row input.text{padding-right:4.5rem}
.reveal{position:absolute;right:.3125rem;top:.3125rem;height:2.375rem;padding:0 .75rem;font:600 ${TYPE.small}/1 ${TYPE.family};
color:var(--accentInk);background:transparent;border:0;border-radius:.375rem;cursor:pointer}
.button{display:inline-flex;align-items:center;justify-content:center;min-height:3rem;padding:.625rem 1.25rem;font:600 ${TYPE.body}/1.25 ${TYPE.family};
border-radius:.5rem;border:1px solid var(--edge);background:var(--panel);color:var(--ink);cursor:pointer;text-align:center;text-decoration:none}
.button:hover{box-shadow:0 0 0 3px var(--halo)}
.button:focus-visible{border-radius:.5rem}
.button-first{background:var(--accent);border-color:var(--accentInk);color:var(--onAccent)}
.button-danger{color:var(--danger)}
.button-small{min-height:2.5rem;padding:.375rem .875rem;font-size:${TYPE.small}}
.button-wide{width:100%}
.choice{display:grid;grid-template-columns:1fr 1fr;gap:${SPACE.close}}
.choice>*{width:100%}
.notice{border-radius:.5rem;padding:.875rem ${SPACE.even};font-size:${TYPE.small};line-height:1.5;background:var(--inset);border:1px solid var(--line)}
.notice h2{font-size:inherit;line-height:inherit}
.notice-danger{background:var(--dangerGround);border-color:var(--danger);color:var(--ink)}
.notice-danger h2{color:var(--danger)}
.notice-good{background:var(--goodGround);border-color:var(--good);color:var(--ink)}
.notice-good h2{color:var(--good)}
@media (forced-colors:active){.button,input.text,.notice{border-color:ButtonBorder}}
`;

const PARTS = `
.facts{border:1px solid var(--line);border-radius:.625rem;overflow:hidden}
.facts>div{padding:.875rem ${SPACE.even}}
.facts>div+div{border-top:1px solid var(--line)}
.facts dt{color:var(--muted);font-size:${TYPE.small};line-height:1.4}
.facts dd{margin-top:.125rem;overflow-wrap:anywhere}
.scopes{display:grid;gap:${SPACE.close};margin-top:${SPACE.close}}
.scopes li{position:relative;padding-left:1.625rem}
.scopes li::before{content:"";position:absolute;left:.1875rem;top:.4375rem;width:.75rem;height:.375rem;
border-left:2px solid var(--accentInk);border-bottom:2px solid var(--accentInk);transform:rotate(-45deg)}
.claimed{display:block;color:var(--muted);font-size:${TYPE.small};line-height:1.45}
.person{display:flex;align-items:center;gap:${SPACE.close};padding:.875rem ${SPACE.even};border:1px solid var(--line);border-radius:.625rem;background:var(--inset)}
.person-mark{flex:none;display:grid;place-items:center;width:2.25rem;height:2.25rem;border-radius:50%;border:1px solid var(--edge);
font-weight:600;color:var(--ink);background:var(--panel)}
.person-name{min-width:0;overflow-wrap:anywhere}
.user-code{font-family:${TYPE.mono};font-size:${TYPE.code};line-height:1.2;letter-spacing:.1em;font-weight:600}
`;

const ACCOUNT = `
.section-head{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:${SPACE.tight} ${SPACE.even};margin-bottom:${SPACE.even}}
.rows{border-top:1px solid var(--line)}
.rows>li{display:flex;align-items:center;justify-content:space-between;gap:${SPACE.even};padding:${SPACE.even} 0;border-bottom:1px solid var(--line)}
.rows>li:last-child{border-bottom:0;padding-bottom:0}
.panel>.rows:first-child{border-top:0}
.panel>.rows:first-child>li:first-child{padding-top:0}
.rows .what{min-width:0}
.rows form{flex:none}
.tagged{display:flex;flex-wrap:wrap;align-items:baseline;gap:${SPACE.hair} ${SPACE.tight}}
.tag{display:inline-block;padding:.0625rem .5rem;border-radius:1rem;border:1px solid var(--good);
background:var(--goodGround);color:var(--good);font-size:.8125rem;line-height:1.4;font-weight:600;vertical-align:.0625rem}
.tag-quiet{border-color:var(--edge);background:var(--inset);color:var(--ink)}
.title-row{margin-bottom:${SPACE.loose}}
.narrow{max-width:24rem}
.rows .what:not(.tagged)>*+*{margin-top:.125rem}
.more{margin-top:${SPACE.even};padding-top:${SPACE.even};border-top:1px solid var(--line)}
.pager{display:grid;grid-template-columns:1fr auto 1fr;align-items:center;gap:${SPACE.even}}
.pager>:last-child{text-align:right}
@media (max-width:30rem){
.rows>li{align-items:flex-start}
}
`;
