// What people do with an open alert, below its line: acknowledge, snooze, resolve.

import { send, serverNow } from "./api.js";
import { element, write } from "./dom.js";
import { clock } from "./format.js";

const HOURS = 4; // of a snooze
const LONGEST = 1000; // characters of a reason

/** The acts as they fit the alert; `done` is called after one. */
export function acts(alert, done) {
  const path = `/api/v1/alerts/${encodeURIComponent(alert.machineId)}/${encodeURIComponent(`${alert.rule}:${alert.component}`)}`;
  const said = element("output");
  const reason = element("input", { maxlength: LONGEST, required: true });
  const form = element("form", {},
    alert.acknowledged ? null : button("Acknowledge", once("acknowledge", () => undefined)),
    alert.snoozedUntil
      ? button("End snooze", once("unsnooze", () => undefined))
      : button(`Snooze ${HOURS} hours`, once("snooze", (before) => before ?? { until: new Date(serverNow() + HOURS * 3_600_000).toISOString() })),
    element("label", {}, "Reason ", reason), element("button", {}, "Resolve"), said);
  const resolve = once("resolve", () => ({ reason: reason.value.trim() }));
  form.addEventListener("submit", (event) => { event.preventDefault(); resolve(); });
  const all = element("details", { class: "acts" }, element("summary", {}, state(alert)), form);

  // An act that got no answer is sent again as it was, under its own key, so that it is done once.
  function once(verb, body) {
    let tried = null;
    return async () => {
      const wanted = body(tried?.body);
      if (JSON.stringify(tried?.body) !== JSON.stringify(wanted) || !tried) tried = { body: wanted, id: crypto.randomUUID() };
      try {
        await send(`${path}/${verb}`, tried.body, tried.id);
        all.open = false;
        done();
      } catch (fault) {
        write(said, `${fault.message}.`);
      }
    };
  }
  return all;
}

function button(text, act) {
  const found = element("button", { type: "button" }, text);
  found.addEventListener("click", act);
  return found;
}

function state({ acknowledged, snoozedUntil }) {
  const parts = [acknowledged && `acknowledged by ${acknowledged.by}`, snoozedUntil && `snoozed until ${clock(new Date(snoozedUntil))}`];
  return parts.filter(Boolean).join(", ") || "attend to it";
}
