// Visits of a machine: a line for each, which opens and then reads what was done, slot by slot.

import { read } from "./api.js";
import { element } from "./dom.js";
import { clock, counted, money, revenue } from "./format.js";
import { thumbnails } from "./photos.js";

const opened = new Map(); // "machine visit" → what was read of it, so that it stays open when the panel is built anew

/** The visits as lines that open. */
export function visitList(visits) {
  return element("div", { class: "visits" }, visits.map(visit));
}

/** Another machine is shown. */
export function forget() {
  opened.clear();
}

function visit(row) {
  const key = `${row.machineId} ${row.visitId}`;
  const body = element("div", {}, opened.has(key) ? whole(opened.get(key)) : "Reading …");
  const line = element("details", { open: opened.has(key) }, element("summary", {}, said(row)), body);
  line.addEventListener("toggle", () => {
    if (!line.open) opened.delete(key);
    else if (!opened.has(key)) fetchInto(body, row, key);
  });
  return line;
}

async function fetchInto(body, { machineId, visitId }, key) {
  try {
    opened.set(key, await read(`/api/v1/machines/${encodeURIComponent(machineId)}/visits/${encodeURIComponent(visitId)}`));
    body.replaceChildren(...whole(opened.get(key)));
  } catch (fault) {
    body.replaceChildren(`${fault.message}.`);
  }
}

function said(row) {
  const parts = [clock(row.first), row.reason ?? "visit"];
  if (row.started && !row.ended) parts.push("not left yet");
  if (row.restocks) parts.push(`${counted(row.added, "unit", "units")} added`);
  if (row.collections) parts.push(`${revenue(row.collected)} collected`);
  if (row.photos) parts.push(counted(row.photos, "photo", "photos"));
  return parts.join(" · ");
}

function whole({ visitId, userRef, started, ended, restocks, collections, photos, files }) {
  const facts = [["Visit", visitId]];
  if (userRef) facts.push(["By", userRef]);
  if (started) facts.push(["Came", clock(started)]);
  if (ended) facts.push(["Left", clock(ended)]);
  for (const bag of collections) facts.push([`Bag ${bag.bagId}`, collected(bag)]);
  for (const file of files) facts.push([`File, ${file.kind}`, [file.state, file.said].filter(Boolean).join(": ")]);
  return [
    element("dl", { class: "facts" }, facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)))),
    ...restocks.map(({ slots }) => slotTable(slots)),
    photos.length ? thumbnails(photos.map((photo) => ({ ...photo, visitId }))) : null,
  ].filter(Boolean);
}

function collected({ currency, boxMinor, billsMinor, countedMinor }) {
  const machine = money(boxMinor + billsMinor, currency);
  return countedMinor === null ? `${machine}, not counted yet` : `${money(countedMinor, currency)} counted, ${machine} by the machine`;
}

function slotTable(slots) {
  const heads = ["Selection", "Before", "Added", "Removed", "Spoiled", "After"].map((name) => element("th", { scope: "col" }, name));
  const rows = slots.map(({ selection, before, added, removed, spoiled, after }) =>
    element("tr", {}, [selection, before, added, removed, spoiled, after].map((value) => element("td", {}, `${value}`))));
  return element("table", { class: "small" }, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, rows));
}
