// Hosts that were blocked, connections of a device, and events with a search.

import { byId, fill, set, table } from "./draw.js";
import { ago, clock, count, endpoint, verdict } from "./words.js";

const HOSTS = 15;
/** By how much a button for more multiplies what is asked for. */
const MORE = 4;

/** How many are asked for. */
const limits = { flows: 15, events: 25 };

/** Hosts are told most blocked first. */
export const hostsPath = `hosts?limit=${HOSTS}`;

/** The flows of the device that is chosen. */
export function flowsPath() {
  const device = byId("whose").value;
  return `flows?${query({ device, limit: limits.flows })}`;
}

/** The events that are looked for. */
export function eventsPath() {
  const { name, device, verdict } = byId("search").elements;
  return `events?${query({ name: name.value.trim(), device: device.value, verdict: verdict.value, limit: limits.events })}`;
}

/** Chooses whose connections are shown. */
export function choose(device) {
  byId("whose").value = device;
  byId("flows-title").focus({ preventScroll: true });
  byId("flows").scrollIntoView();
}

/** Calls back when other flows or events are wished. */
export function listen(flowsChanged, eventsChanged) {
  byId("whose").addEventListener("change", flowsChanged);
  byId("search").addEventListener("input", eventsChanged);
  byId("search").addEventListener("submit", (event) => event.preventDefault());
  for (const [what, changed] of [["flows", flowsChanged], ["events", eventsChanged]]) {
    moreButton(what).addEventListener("click", () => {
      limits[what] *= MORE;
      changed();
    });
  }
}

/** What was blocked most. */
export function showHosts({ since, hosts }) {
  const section = byId("hosts");
  const blocked = hosts.filter((host) => host.blocked > 0);
  const most = Math.max(...blocked.map((host) => host.blocked));
  fill(section, { since: since ? `since ${clock(since, false)}` : "" });
  table(section, "host-row", blocked, (host) => host.name, (row, host) => {
    fill(row, {
      name: host.name,
      blocked: count(host.blocked),
      devices: host.devices.join(", "),
      policies: host.policies.join(", "),
      last: ago(host.last),
    });
    row.querySelector(".bar").style.setProperty("--share", `${(100 * host.blocked) / most}%`);
  });
}

/** What the filter remembers of running connections. */
export function showFlows(flows) {
  const keyOf = (flow) => [flow.mac, flow.proto, flow.src, flow.sport, flow.dst, flow.dport].join(" ");
  table(byId("flows"), "flow-row", flows, keyOf, (row, flow) => {
    const asked = flow.name_from === "asked" ? ", as asked in DNS" : "";
    fill(row, { ...to(flow), why: [...why(flow), undecided(flow)].filter(Boolean).join(", ") + asked });
    set(row.querySelector(".time"), clock(flow.since));
  });
  moreButton("flows").hidden = flows.length < limits.flows;
}

/** Events come oldest first and are shown newest first. */
export function showEvents(events) {
  const section = byId("events");
  const keyOf = (event) => [event.time, event.src, event.sport, event.dst, event.dport, event.name].join(" ");
  table(section, "flow-row", events.reverse(), keyOf, (row, event) => {
    fill(row, { ...to(event), why: why(event).join(", "), time: clock(event.time) });
    row.querySelector(".time").dataset.label = "Time";
  });
  const full = events.length >= limits.events;
  fill(section, { count: events.length > 0 ? `${full ? "the last " : ""}${count(events.length)}, newest first` : "" });
  moreButton("events").hidden = !full;
}

function moreButton(what) {
  return byId(what).querySelector(".more button");
}

/** The cells that flows and events have in common. */
function to({ device, name, dst, dport, proto, verdict: word }) {
  const address = endpoint(dst, dport, proto);
  return { device, name: name ?? address, address: name ? address : "", verdict: verdict(word) };
}

function why({ policy, reason }) {
  return policy ? [policy, reason] : [reason];
}

function undecided({ state }) {
  return state === "decided" ? "" : state;
}

/** Only what is wished goes into the query. */
function query(wishes) {
  return new URLSearchParams(Object.entries(wishes).filter(([, value]) => value !== ""));
}
