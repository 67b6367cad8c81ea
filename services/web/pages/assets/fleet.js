// The filter of the fleet: what is typed is found by the server, over the stream of the page.

import { show } from "./live.js";

const PAUSE = 150; // milliseconds without a key

/** Follow what is typed into the filter, if this page has one. */
export function follow() {
  const input = document.getElementById("q");
  if (!input) return;
  let waiting = null;
  const find = () => {
    const asked = new URLSearchParams(document.body.dataset.live);
    const text = input.value.trim();
    if (asked.get("q") === text) return;
    asked.set("q", text);
    asked.set("p", "1");
    show(asked.toString());
    const place = new URL(location.href);
    if (text) place.searchParams.set("q", text);
    else place.searchParams.delete("q");
    place.searchParams.delete("p");
    history.replaceState(null, "", place);
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, PAUSE);
  });
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    find();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    } else if (event.key === "Escape" && event.target === input) {
      input.value = "";
      find();
    }
  });
}
