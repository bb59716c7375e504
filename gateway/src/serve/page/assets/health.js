// Whether the filter is where it should be, and how old its lists are.

import { byId, fill, rows, set, table } from "./draw.js";
import { ago, clock, count, span } from "./words.js";

/** A list is stale when it was due so many seconds ago. */
const LATE = 3600;

/** Interfaces, daemon, and the word for all of it on top. */
export function showStatus(status) {
  rows(byId("interfaces").tBodies[0], "interface-row", status.interfaces, (row) => row.interface, interfaceRow);
  const { version, abi, generation, started, loaded_at: loaded } = status;
  fill(byId("daemon"), {
    version: `${version} (ABI ${abi})`,
    started: ago(started),
    loaded: `${ago(loaded)} (generation ${generation})`,
    failed: count(status.reloads_failed),
    policies: status.policies.map((policy) => policyNow(policy, status.scheduled)).join("\n") || "none",
    flows: count(status.flows),
    resolved: `${count(status.resolved)} blocked, ${count(status.shared)} spared as shared`,
    lost: count(status.events_lost),
    limited: count(status.events_limited),
  });
  const state = byId("state");
  const wrong = status.interfaces.filter((row) => !row.exists);
  state.dataset.tone = wrong.length > 0 || status.interfaces.length === 0 ? "bad" : "good";
  set(state, overall(status, wrong));
}

/** Nobody tells any more. */
export function showAway() {
  const state = byId("state");
  state.dataset.tone = "warn";
  set(state, "? The daemon does not answer");
}

/** The lists of all policies. */
export function showLists(lists) {
  table(byId("lists"), "list-row", lists, (row) => `${row.policy} ${row.list}`, (row, list) => {
    const stale = list.next_seconds === 0 && list.age_seconds > LATE;
    fill(row, {
      list: list.list,
      policy: list.policy,
      entries: count(list.entries),
      skipped: count(list.skipped_lines),
      age: list.age_seconds === null ? "never fetched" : span(list.age_seconds),
      state: listState(list, stale),
      error: list.last_error ?? "",
    });
  });
}

function overall({ interfaces, paused }, wrong) {
  if (interfaces.length === 0) return "✕ The filter is on no interface";
  if (wrong.length > 0) return `✕ Not there: ${wrong.map((row) => row.interface).join(", ")}`;
  const pauses = paused > 0 ? `, ${count(paused)} paused` : "";
  return `✓ Filtering on ${interfaces.map((row) => row.interface).join(", ")}${pauses}`;
}

function interfaceRow(row, { interface: name, mode, exists, answers, mute, downlink }) {
  fill(row, {
    interface: name,
    mode: exists ? { text: `✓ ${mode} mode`, tone: mode === "native" ? "good" : "warn" } : { text: "✕ not there", tone: "bad" },
    answers: answers ? "what is rejected is answered" : `none: what is rejected is dropped. ${mute ?? ""}`,
    downlink: downlink === null ? "not counted" : `counted (${downlink})`,
  });
}

function listState({ last_error: error, errors, entries }, stale) {
  if (error) return { text: `✕ error (${count(errors)} so far)`, tone: "bad" };
  if (stale) return { text: "! overdue", tone: "warn" };
  return entries > 0 ? { text: "✓ good", tone: "good" } : { text: "! empty", tone: "warn" };
}

function policyNow(policy, scheduled) {
  const plan = scheduled.find((plan) => plan.policy === policy);
  if (!plan) return policy;
  const until = plan.changes_at ? ` until ${clock(Date.parse(plan.changes_at) / 1000, false)}` : "";
  return `${policy} (${plan.active ? "on" : "off"}${until})`;
}
