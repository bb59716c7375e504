// What was blocked over time: columns in an SVG, and the same as a table.

import { byId, rows } from "./draw.js";
import { clock, count, size } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190;
const MARGIN = { left: 44, right: 8, top: 10, bottom: 24 };
/** The width of a column at least, in CSS pixels. */
const COLUMN = 7;
/** The room of a time below the axis, likewise. */
const LABEL = 64;
/** Lengths of time that fall on round times, in seconds: for columns and for the times below them. */
const ROUND = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600];

let points = [];
let drawn = "";

/** Takes new points, whose time is that of their end. */
export function show({ step, points: told }) {
  points = told.map((point) => ({ ...point, began: point.time - (point.seconds ?? step) }));
  draw();
}

/** Blocked connections of the last `seconds`. */
export function blockedSince(seconds) {
  const from = Date.now() / 1000 - seconds;
  return points.filter((point) => point.began >= from).reduce((sum, point) => sum + point.blocked_flows, 0);
}

/** Draws again when there is other room or another range is wished. */
export function listen() {
  byId("range").addEventListener("change", draw);
  new ResizeObserver(draw).observe(byId("chart"));
}

function range() {
  return Number(byId("range").querySelector(":checked").value);
}

function draw() {
  const chart = byId("chart");
  const width = chart.clientWidth - MARGIN.left - MARGIN.right;
  if (width <= 0) return;
  const seconds = range();
  const step = ROUND.find((step) => seconds / step <= width / COLUMN) ?? ROUND.at(-1);
  const columns = bucket(seconds, step);
  const state = JSON.stringify([width, columns]);
  if (state === drawn) return;
  drawn = state;
  chart.replaceChildren(picture(columns, step, seconds, width));
  // The table is for reading, so in an hour or so: steps of five minutes at least.
  const coarse = bucket(seconds, Math.max(step, seconds / 12)).reverse();
  rows(byId("history").tBodies[0], "history-row", coarse, (column) => String(column.time), tableRow);
}

/** Seconds of the local clock, so that what is round there can be told. */
function local(time) {
  return time - new Date(time * 1000).getTimezoneOffset() * 60;
}

/** Sums in steps that begin at round times of the local clock, the oldest first, up to now. */
function bucket(seconds, step) {
  const round = (time) => time - local(time) % step;
  const last = round(Math.floor(Date.now() / 1000));
  const first = last - Math.ceil(seconds / step) * step + step;
  const columns = [];
  for (let time = first; time <= last; time += step) {
    columns.push({ time, blocked_flows: 0, blocked_packets: 0, flows: 0, bytes: 0, bytes_down: 0 });
  }
  for (const point of points) {
    const column = columns[(round(point.began) - first) / step];
    if (!column) continue;
    for (const key of Object.keys(column)) if (key !== "time") column[key] += point[key] ?? 0;
  }
  return columns;
}

function tableRow(row, column) {
  const cells = {
    from: clock(column.time, false),
    flows: count(column.blocked_flows),
    packets: count(column.blocked_packets),
    all: count(column.flows),
    down: size(column.bytes_down),
    up: size(column.bytes),
  };
  for (const [name, text] of Object.entries(cells)) row.querySelector(`[data-cell="${name}"]`).textContent = text;
}

function picture(columns, step, seconds, width) {
  const total = columns.reduce((sum, column) => sum + column.blocked_flows, 0);
  const most = Math.max(...columns.map((column) => column.blocked_flows));
  const ticks = scale(most);
  const top = ticks.at(-1);
  const y = (value) => MARGIN.top + (HEIGHT - MARGIN.top - MARGIN.bottom) * (1 - value / top);
  const svg = element("svg", {
    viewBox: `0 0 ${width + MARGIN.left + MARGIN.right} ${HEIGHT}`,
    role: "img",
    "aria-labelledby": "chart-title chart-about",
  });
  svg.append(element("title", { id: "chart-title" }, "Blocked connections over time"));
  const about = `${count(total)} in the last ${words(seconds)}; at most ${count(most)} in ${words(step)}.`;
  svg.append(element("desc", { id: "chart-about" }, about));
  for (const tick of ticks) {
    const line = { x1: MARGIN.left, x2: MARGIN.left + width, y1: y(tick), y2: y(tick) };
    svg.append(element("line", { class: tick === 0 ? "axis" : "grid", ...line }));
    svg.append(element("text", { x: MARGIN.left - 8, y: y(tick) + 4, "text-anchor": "end" }, count(tick)));
  }
  svg.append(...times(columns, width, seconds));
  const each = width / columns.length;
  columns.forEach((column, at) => {
    const x = MARGIN.left + at * each;
    const value = column.blocked_flows;
    if (value > 0) {
      const box = { x: x + 1, width: Math.max(each - 2, 1), y: y(value), height: y(0) - y(value) };
      svg.append(element("rect", { class: "column", ...box }));
    }
    const hover = element("rect", { class: "hover", x, width: each, y: MARGIN.top, height: y(0) - MARGIN.top });
    hover.append(element("title", {}, `${clock(column.time)}: ${count(value)} blocked in ${words(step)}`));
    svg.append(hover);
  });
  return svg;
}

/** Round times below the axis, as many as there is room for. */
function times(columns, width, seconds) {
  const every = ROUND.find((step) => (seconds / step) * LABEL <= width) ?? ROUND.at(-1);
  const each = width / columns.length;
  return columns.flatMap((column, at) => {
    const x = MARGIN.left + at * each;
    // Not at the very edge, where half of it would be cut off.
    if (local(column.time) % every !== 0 || x + LABEL / 3 > MARGIN.left + width) return [];
    const base = HEIGHT - MARGIN.bottom;
    const mark = element("line", { class: "axis", x1: x, x2: x, y1: base, y2: base + 4 });
    const text = clock(column.time, false).split(" ").at(-1);
    return [mark, element("text", { x, y: HEIGHT - 6, "text-anchor": "middle" }, text)];
  });
}

/** Three to five round numbers from 0 up to at least `most`. */
function scale(most) {
  const rough = Math.max(most, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= rough);
  const ticks = [0];
  while (ticks.at(-1) < most || ticks.length < 2) ticks.push(ticks.at(-1) + step);
  return ticks;
}

function words(seconds) {
  if (seconds % 3600 === 0) return seconds === 3600 ? "hour" : `${seconds / 3600} hours`;
  if (seconds % 60 === 0) return seconds === 60 ? "minute" : `${seconds / 60} minutes`;
  return `${seconds} seconds`;
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}
