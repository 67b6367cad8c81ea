// Times that count by themselves. The server says moments in seconds of its own clock; what counts
// here is how far this browser's monotonic clock has gone since it last told its time.

const STEPS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const LONGEST = 1e10;
let offset = null;

const own = () => performance.now() / 1000;

/** Take the server's time; the least delayed of its messages is the truest. */
export function tell(now) {
  const heard = now - own();
  if (offset === null || heard > offset) offset = heard;
}

/** Begin anew, for another run of the server. */
export function forget() {
  offset = null;
}

/** The server's time now, in seconds. */
export function now() {
  return own() + (offset ?? 0);
}

/** Write a length of time in its two largest units. */
export function duration(seconds) {
  let left = Math.min(Math.max(0, Math.floor(seconds)), LONGEST);
  const said = [];
  for (const [size, unit] of STEPS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count || said.length || size === 1) said.push([count, unit]);
    if (said.length === 2) break;
  }
  return said.filter(([count], place) => place === 0 || count).map((each) => each.join(" ")).join(" ");
}

/** Write all times below an element as they are now. */
export function count(root = document) {
  for (const time of root.querySelectorAll("time[data-since], time[data-until]")) {
    const { since, until } = time.dataset;
    const text = duration(since === undefined ? until - now() : now() - since);
    if (time.textContent !== text) time.textContent = text;
  }
}
