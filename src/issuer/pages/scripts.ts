import type { PageScript } from "./page.ts";

/**
 * The pages' only scripts, each a text that comes under the page's nonce. Both are conveniences: with scripts off the
 * password stays hidden, and the form has a button.
 */
export const SCRIPTS: Readonly<Record<PageScript, string>> = {
  reveal: `for(const input of document.querySelectorAll("input[type=password]")){
const row=document.createElement("div");row.className="reveal-row";input.replaceWith(row);
const button=document.createElement("button");button.type="button";button.className="reveal";
const show=(shown)=>{input.type=shown?"text":"password";button.textContent=shown?"Hide":"Show";
button.setAttribute("aria-label",(shown?"Hide ":"Show ")+input.labels[0].textContent.toLowerCase())};
button.addEventListener("click",()=>show(input.type==="password"));
row.append(input,button);show(false);input.form.addEventListener("submit",()=>show(false))}`,
  // A parameter may be called "submit", and would hide the form's own method.
  submit: "HTMLFormElement.prototype.submit.call(document.forms[0])",
};
