// The event stream of this page. While it is broken the page says so, and since when.

import * as clock from "./clock.js";
import { swap } from "./swap.js";

const SILENCE = 12_000; // milliseconds; the server says something every 5 seconds
const LATER = 2_000;
const HIDDEN = 30_000; // a page that nobody sees is let go after a while: browsers allow few streams

const root = document.documentElement;
let source = null;
let silent = null;
let heard = performance.now();

function broken(is) {
  root.classList.toggle("is-broken", is);
  const notice = document.getElementById("broken");
  if (is && notice.hidden) {
    document.getElementById("broken-since").dataset.since = clock.now() - (performance.now() - heard) / 1000;
    clock.count(notice);
  }
  notice.hidden = !is;
  document.getElementById("pulse").hidden = is;
}

function listen(kind, take) {
  source.addEventListener(kind, (event) => {
    heard = performance.now();
    clearTimeout(silent);
    silent = setTimeout(fail, SILENCE);
    take(JSON.parse(event.data));
  });
}

function fail() {
  broken(true);
  stop();
  silent = setTimeout(start, LATER * (0.5 + Math.random()));
}

function stop() {
  clearTimeout(silent);
  source?.close();
  source = null;
}

function start() {
  const asked = document.body.dataset.live;
  if (asked === "none" || source) return;
  clearTimeout(silent);
  source = new EventSource(`live?${asked}`);
  silent = setTimeout(fail, SILENCE);
  source.addEventListener("error", fail);
  listen("hello", ({ version, now }) => {
    if (version !== root.dataset.version) {
      location.reload();
      return;
    }
    if (now < clock.now() - 1) clock.forget(); // the server was restarted
    clock.tell(now);
  });
  listen("clock", ({ now }) => {
    clock.tell(now);
    broken(false);
  });
  listen("put", ([id, html]) => {
    swap(id, html);
    broken(false);
  });
}

/** Show something else from now on: the query of the stream. */
export function show(asked) {
  document.body.dataset.live = asked;
  stop();
  start();
}

/** Keep the page live, and let go of it while nobody sees it. */
export function keep() {
  let going = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(going);
    if (document.hidden) going = setTimeout(() => { stop(); broken(true); }, HIDDEN);
    else start();
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", start);
  if (!document.hidden) start();
}
