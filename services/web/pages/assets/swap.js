// Put new HTML, drawn by the server, in the place of an element, and keep what the reader is at.

import { count } from "./clock.js";

const listeners = [];

/** Call a function with each element that was put in place. */
export function onSwap(listener) {
  listeners.push(listener);
}

/** Replace the element of an id, if the page has it. */
export function swap(id, html) {
  const old = document.getElementById(id);
  if (!old) return;
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  if (!fresh) return;
  count(template.content);
  if (fresh.outerHTML === old.outerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = [...old.querySelectorAll("[data-scroll]")].map((each) => each.scrollLeft);
  old.replaceWith(fresh);
  fresh.querySelectorAll("[data-scroll]").forEach((each, place) => {
    each.scrollLeft = scrolled[place] ?? 0;
  });
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const listener of listeners) listener(fresh);
}
