// Put new HTML, drawn by the server, in the place of an element, and keep what the reader is at.

import { count } from "./clock.js";

const listeners = [];
const waiting = new Map(); // the latest HTML by id, while a finger or a mouse button is down on it
let pressed = null;

/** Call a function with each element that was put in place. */
export function onSwap(listener) {
  listeners.push(listener);
}

/** Replace the element of an id, if the page has it. */
export function swap(id, html) {
  const old = document.getElementById(id);
  if (!old) return;
  if (pressed && old.contains(pressed)) {
    waiting.set(id, html); // a click on what is replaced meanwhile would be lost
    return;
  }
  waiting.delete(id);
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  if (!fresh) return;
  count(template.content);
  if (fresh.outerHTML === old.outerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const listener of listeners) listener(fresh);
}

function release() {
  pressed = null;
  for (const [id, html] of [...waiting]) swap(id, html);
}

document.addEventListener("pointerdown", (event) => {
  pressed = event.target;
});
for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => setTimeout(release)); // after the click
}
