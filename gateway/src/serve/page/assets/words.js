// Numbers, sizes and times as people read them.

const SIZES = ["B", "kB", "MB", "GB", "TB", "PB"];
const SPANS = [[86400, "d"], [3600, "h"], [60, "min"]];
const MARKS = { pass: "✓", reject: "✕", drop: "✕", observe: "◎" };
const TONES = { pass: "good", reject: "bad", drop: "bad", observe: "warn" };

/** Bytes, in decimal units as networks are sold. */
export function size(bytes) {
  let step = 0;
  while (bytes >= 999.5 && step < SIZES.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  return `${bytes.toFixed(step > 0 && bytes < 99.95 ? 1 : 0)} ${SIZES[step]}`;
}

/** Bytes a second; `null` where there is no second look yet. */
export function rate(bytes) {
  return bytes === null ? "–" : `${size(bytes)}/s`;
}

/** A whole number with a space between thousands. */
export function count(number) {
  return String(number ?? 0).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** How long, in the largest unit that fits. */
export function span(seconds) {
  const [unit, word] = SPANS.find(([unit]) => seconds >= unit) ?? [1, "s"];
  return `${Math.floor(Math.max(seconds, 0) / unit)} ${word}`;
}

/** A time of day; with its date if that is not today. `unix` in seconds. */
export function clock(unix, seconds = true) {
  const time = new Date(unix * 1000);
  const two = (number) => String(number).padStart(2, "0");
  let text = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (seconds) text += `:${two(time.getSeconds())}`;
  if (time.toDateString() === new Date().toDateString()) return text;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${text}`;
}

/** How long ago. */
export function ago(unix) {
  return unix ? `${span(Date.now() / 1000 - unix)} ago` : "never";
}

/** A verdict with a mark that is told apart without colour, and its tone. */
export function verdict(word) {
  return { text: `${MARKS[word] ?? "?"} ${word}`, tone: TONES[word] ?? "quiet" };
}

/** An address with its port, as it stands in a URL. */
export function endpoint(address, port, proto) {
  const host = address.includes(":") ? `[${address}]` : address;
  return port ? `${proto} ${host}:${port}` : `${proto} ${host}`;
}
