// Asks the daemon again and again, one question at a time. When it is away, less and less often, and the reader is told.

import { byId, set } from "./draw.js";

const PATIENCE = 10_000;
const LONGEST_PAUSE = 30_000;

const sources = [];
let failures = 0;
let wake = () => {};

/**
 * Asks for a path every so many seconds and hands what comes to `show`. A path that is a function is called each time;
 * where it gives `null`, nothing is asked. Returns a function that asks at once.
 */
export function poll(seconds, path, read, show) {
  const source = { seconds, path, read, show, due: 0, problem: null };
  sources.push(source);
  return () => {
    source.due = 0;
    wake();
  };
}

/** One JSON value. */
export const json = (response) => response.json();

/** One JSON value a line. */
export async function lines(response) {
  const text = await response.text();
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Goes on for as long as the page is open; `away` is called when nobody answers. */
export async function start(away) {
  document.addEventListener("visibilitychange", () => wake());
  addEventListener("online", () => wake());
  for (;;) {
    let pause = 500;
    if (!document.hidden) {
      try {
        for (const source of sources.filter((source) => source.due <= Date.now())) await ask(source);
        failures = 0;
        tell(sources.map((source) => source.problem).filter(Boolean).join(" "));
      } catch {
        failures += 1;
        pause = Math.min(1000 * 2 ** failures, LONGEST_PAUSE);
        away();
        tell(
          "The daemon does not answer, so what is shown here is old. The filter itself goes on without it. "
            + `Asking again in ${pause / 1000} s.`,
        );
      }
    }
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, pause);
    });
  }
}

/** Fails if nobody answers. What the daemon refuses is told and does not keep the other questions from being asked. */
async function ask(source) {
  const path = typeof source.path === "function" ? source.path() : source.path;
  if (path === null) return;
  const began = Date.now();
  source.due = began + source.seconds * 1000;
  const response = await fetch(`/api/v1/${path}`, { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
  if (response.status === 401) {
    source.problem = "The token is not known any more: load this page again to enter it.";
    return;
  }
  if (!response.ok) {
    const said = (await response.text()).slice(0, 200);
    source.problem = `The daemon refused “${path}” (${response.status}): ${said}`;
    return;
  }
  const data = await source.read(response);
  source.problem = null;
  source.show(data);
  // A daemon that takes long over it is asked less often.
  source.due = Math.max(source.due, Date.now() + 5 * (Date.now() - began));
}

/** Only a change is said, so that a screen reader does not say it again and again. */
function tell(text) {
  const notice = byId("notice");
  if (text === "") {
    notice.replaceChildren();
    return;
  }
  const line = notice.firstElementChild ?? document.createElement("p");
  line.className = "notice";
  set(line, text);
  if (!line.isConnected) notice.append(line);
}
