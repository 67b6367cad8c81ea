// Charts that the server drew: read values with the pointer or the arrow keys, drag to zoom in.

import { onSwap, swap } from "./swap.js";

const LEAST = 12; // pixels of a drag that is meant

const pad = (number) => String(number).padStart(2, "0");

function written(at, wide) {
  const date = new Date(at * 1000);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}${wide ? "" : `:${pad(date.getSeconds())}`}`;
}

function nearest(points, at) {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (points[middle][0] <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

function alive(figure) {
  const svg = figure.querySelector("svg");
  const output = figure.querySelector("output");
  const { unit } = figure.dataset;
  const points = JSON.parse(figure.dataset.points);
  const [from, to, left, wide] = ["begin", "end", "left", "across"].map((key) => Number(svg.dataset[key]));
  let at = points.length - 1;
  let pressed = null;
  figure.scrollLeft = figure.scrollWidth; // a phone sees the latest first

  const moment = (event) => {
    const box = svg.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    const share = (across - left) / wide;
    return from + Math.min(1, Math.max(0, share)) * (to - from);
  };
  const show = (place) => {
    if (!points.length) return;
    at = Math.min(points.length - 1, Math.max(0, place));
    const [start, until, mean, low, high] = points[at];
    const range = low === high ? "" : ` (${low} to ${high})`;
    output.textContent = `${written(start, until - start >= 60)}: ${mean} ${unit}${range}`;
    output.hidden = false;
    let cursor = svg.querySelector(".cursor");
    if (!cursor) {
      cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
      cursor.setAttribute("class", "cursor");
      svg.append(cursor);
    }
    const middle = Math.min(to, Math.max(from, (start + until) / 2));
    const x = left + ((middle - from) / (to - from)) * wide;
    cursor.setAttribute("d", `M${x.toFixed(1)} 12v190`);
  };
  svg.addEventListener("pointermove", (event) => show(nearest(points, moment(event))));
  figure.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(at + step);
  });
  figure.addEventListener("focus", () => show(at));
  svg.addEventListener("pointerdown", (event) => {
    pressed = event.pointerType === "mouse" ? event : null;
  });
  svg.addEventListener("pointerup", (event) => {
    if (!pressed || Math.abs(event.clientX - pressed.clientX) < LEAST) return;
    const times = [moment(pressed), moment(event)].sort((one, other) => one - other);
    const place = new URL(location.href);
    place.searchParams.delete("range");
    place.searchParams.set("begin", Math.floor(times[0]));
    place.searchParams.set("end", Math.ceil(times[1]));
    location.assign(place);
  });
}

/** Bring the charts of this page to life, and renew those of the present. */
export function draw() {
  const charts = document.getElementById("charts");
  if (!charts) return;
  const all = (root) => root.querySelectorAll("figure.chart").forEach(alive);
  all(charts);
  onSwap((fresh) => fresh.id === "charts" && all(fresh));
  const every = Number(charts.dataset.renew) * 1000;
  if (every) setInterval(renew, every);
}

async function renew() {
  const charts = document.getElementById("charts");
  if (document.hidden || !charts || charts.matches(":hover") || charts.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("charts");
    if (answer.ok && fresh) swap("charts", fresh.outerHTML);
  } catch {
    // the stream of the page says that the server is away
  }
}
