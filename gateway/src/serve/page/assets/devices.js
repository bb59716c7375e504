// The devices: those that are listed with their rates, and those that are not with the lines that would list them.

import { byId, fill, options, rows, set, table } from "./draw.js";
import { ago, clock, count, rate } from "./words.js";

/** Most rows that are drawn; beyond that the reader narrows them by a word. */
const MOST = 300;
/** A device that sent something within so many seconds is active. */
const ACTIVE = 300;

let devices = [];
let sort = { by: "name", descending: false };
/** What each device had counted at the last look, for the rates. */
let before = { at: 0, counts: new Map() };

const SORTS = {
  name: (device) => (device.mac === null ? "\uffff" : device.device.toLowerCase()),
  mac: (device) => device.mac ?? "",
  down: (device) => device.down ?? 0,
  up: (device) => device.up ?? 0,
  flows: (device) => device.flows,
  blocked: (device) => device.blocked_flows,
};

/** Takes what the daemon counted; `at` in milliseconds. */
export function show(views, at = performance.now()) {
  const seconds = (at - before.at) / 1000;
  const counts = new Map();
  devices = views.map((view) => {
    const key = view.mac ?? "";
    const old = before.counts.get(key);
    counts.set(key, view);
    // Counters go back where a device is listed anew: that is no negative rate.
    const per = (field) => (old && view[field] >= old[field] ? (view[field] - old[field]) / seconds : null);
    return { ...view, up: per("bytes"), down: per("bytes_down") };
  });
  before = { at, counts };
  const listed = devices.filter((device) => device.listed).map((device) => device.device);
  options(byId("whose"), listed);
  options(byId("search").elements.device, listed);
  tiles();
  draw();
}

/** Draws again when the reader sorts or looks for something; `choose` is called with the device whose name was pressed. */
export function listen(choose) {
  byId("find").addEventListener("input", draw);
  byId("devices").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.sort) sortBy(button);
    else if (button) choose(button.textContent);
  });
  byId("unlisted").addEventListener("click", (event) => {
    if (event.target.matches(".copy")) copy(event.target.closest("li"));
  });
}

function tiles() {
  const sum = (field) => {
    const known = devices.map((device) => device[field]).filter((value) => value !== null);
    return known.length > 0 ? known.reduce((total, value) => total + value, 0) : null;
  };
  const named = devices.filter((device) => device.mac !== null);
  const active = named.filter((device) => Date.now() / 1000 - (device.last_seen ?? 0) < ACTIVE);
  const listed = named.filter((device) => device.listed).length;
  const unlisted = named.length - listed;
  fill(byId("tiles"), {
    down: rate(sum("down")),
    up: rate(sum("up")),
    active: count(active.length),
    listed: `${count(listed)} listed${unlisted > 0 ? `, ${count(unlisted)} not` : ""}`,
  });
}

function draw() {
  const word = byId("find").value.trim().toLowerCase();
  const found = devices.filter((device) => word === "" || holds(device, word));
  const own = found.filter((device) => device.listed || device.mac === null).sort(compare);
  const section = byId("devices");
  table(section, "device-row", own.slice(0, MOST), (device) => device.mac ?? "", deviceRow);
  more(section, own.length);
  const unlisted = found.filter((device) => !device.listed && device.mac !== null);
  unlisted.sort((a, b) => (b.last_seen ?? 0) - (a.last_seen ?? 0));
  byId("unlisted").hidden = unlisted.length === 0;
  rows(byId("unlisted").querySelector("ul"), "unlisted-row", unlisted.slice(0, MOST), (device) => device.mac, unlistedRow);
  more(byId("unlisted"), unlisted.length);
}

function holds(device, word) {
  const texts = [device.device, device.mac, device.vendor, device.host, ...device.addresses, ...device.policies];
  return texts.some((text) => text?.toLowerCase().includes(word));
}

function more(section, total) {
  const line = section.querySelector(".more");
  line.hidden = total <= MOST;
  set(line, `${count(total - MOST)} more are not shown: look for a word of their name, address or maker.`);
}

function compare(a, b) {
  const [left, right] = [SORTS[sort.by](a), SORTS[sort.by](b)];
  const order = left < right ? -1 : left > right ? 1 : 0;
  return (sort.descending ? -order : order) || (SORTS.name(a) < SORTS.name(b) ? -1 : 1);
}

/** Names begin with A, numbers with the largest; pressed again it is the other way round. */
function sortBy(button) {
  const by = button.dataset.sort;
  const first = by !== "name" && by !== "mac";
  sort = { by, descending: sort.by === by ? !sort.descending : first };
  for (const heading of byId("devices").querySelectorAll("th")) heading.removeAttribute("aria-sort");
  button.closest("th").setAttribute("aria-sort", sort.descending ? "descending" : "ascending");
  draw();
}

function deviceRow(row, device) {
  const all = device.mac === null;
  const paused = until(device.paused_until);
  fill(row, {
    name: device.device,
    about: all ? "every device that is not listed" : about(device),
    mac: all ? "" : device.mac,
    addresses: [device.random_mac ? "random" : "", ...device.addresses].filter(Boolean).join(", "),
    down: rate(device.down),
    up: rate(device.up),
    flows: count(device.flows),
    blocked: count(device.blocked_flows),
    observed: device.observed_flows > 0 ? `${count(device.observed_flows)} observed` : "",
    paused: paused === null ? "" : `paused until ${clock(paused, false)}`,
    policies: device.policies.length > 0 ? device.policies.join(", ") : "none",
  });
  row.querySelector("button").disabled = all;
}

/** What is known of a device beside its name. */
function about(device) {
  return [device.host, device.vendor].filter((text) => text && text !== device.device).join(" · ");
}

/** The end of a pause in seconds since 1970; `null` if there is none. */
function until(time) {
  const unix = Date.parse(time) / 1000;
  return Number.isNaN(unix) ? null : unix;
}

function unlistedRow(item, device) {
  const random = device.random_mac ? "random address" : "";
  fill(item, {
    mac: device.mac,
    about: [about(device), ...device.addresses, random].filter(Boolean).join(" · "),
    seen: `seen ${ago(device.last_seen)}`,
    lines: `[[device]]\nname = ${toml(proposed(device))}\nmac = ${toml(device.mac)}\npolicies = []`,
  });
}

/** A name that no device has yet. */
function proposed(device) {
  const maker = device.vendor?.match(/^[A-Za-z0-9-]+/)?.[0];
  const name = (device.host ?? maker?.toLowerCase() ?? "device").slice(0, 40);
  const taken = device.host === null || devices.some((other) => other.device === name);
  return taken ? `${name}-${device.mac.slice(-5).replace(":", "")}` : name;
}

/** Basic strings of TOML escape as those of JSON do. */
function toml(text) {
  return JSON.stringify(text);
}

/** Browsers have a clipboard only for pages that are local or over TLS; else the lines are marked, to be copied by hand. */
async function copy(item) {
  const code = item.querySelector("code");
  const said = item.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(`${code.textContent}\n`);
    set(said, "Copied.");
  } catch {
    getSelection().selectAllChildren(code);
    set(said, "Marked: copy it with your keyboard or by a long press.");
  }
}
