// The panel of one machine: slots, condition, what it sold last.

import { byId, element, renew } from "./dom.js";
import { age, celsius, clock, count, counted, money, revenue, weekday, ZONE } from "./format.js";
import { auditsTable } from "./audits.js";
import { thumbnails } from "./photos.js";
import { forget, visitList } from "./visits.js";

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const LOW = 0.25; // of its capacity: a slot that the next visit should fill
const dialog = () => byId("machine");
let shown = null;
let read = false;

export function setUp(onClose) {
  byId("machine-close").addEventListener("click", () => dialog().close());
  dialog().addEventListener("close", () => {
    shown = null;
    onClose();
  });
}

export const current = () => shown;

export function open(id) {
  shown = id;
  forget();
  read = false;
  byId("machine-title").textContent = id;
  if (ID.test(id)) explain("Reading …");
  else explain(`${JSON.stringify(id)} is no machine id: letters, digits, dot, dash and underscore, at most 64.`);
  if (!dialog().open) dialog().showModal();
}

/** The machine to read, or null: none is open, or its id cannot be one. */
export const wanted = () => (shown !== null && ID.test(shown) ? shown : null);

/** What is wrong with the API, or null. Behind a dialog the page's own banner is not seen. */
export function connection(text) {
  byId("machine-banner").hidden = text === null;
  byId("machine-banner").textContent = text ?? "";
  if (text !== null && wanted() && !read) explain("Nothing is known of this machine yet.");
}

export function explain(text) {
  renew(byId("machine-body"), text, () => [element("p", { class: "none" }, text)]);
}

export function show(machine, { sales, photos, visits, audits }, now) {
  if (machine.machineId !== shown) return;
  read = true;
  renew(byId("machine-body"), [machine, sales, photos, visits, audits], () => [
    facts(machine, now),
    section("Alerts", machine.alerts.length ? element("ul", { class: "alerts" }, machine.alerts.map((alert) => element("li", {}, alert.title))) : null),
    section("Slots", machine.slots.length ? element("ul", { class: "slots" }, machine.slots.map(slot)) : null),
    section("Last sales", sales.length ? salesTable(sales) : null),
    section("Visits", visits.length ? visitList(visits) : null),
    section("Photos", photos.length ? thumbnails(photos) : null),
    section("Audits", audits.audits.length ? auditsTable(audits) : null),
    section("Missing events", machine.holes.length ? element("ul", {}, machine.holes.map(hole)) : null),
    section("Lost events", machine.lost.at ? element("p", {}, ...givenUp(machine.lost, now)) : null),
  ].filter(Boolean));
}

function section(title, content) {
  return content && element("section", {}, element("h3", {}, title), content);
}

function facts(machine, now) {
  const { condition, totals, day } = machine;
  const state = condition.state === "never" ? ["never heard"] : [`${condition.state}, last seen `, age(condition.lastSeen, now)];
  const said = [["State", state], ["Site", machine.site ?? "not assigned"]];
  if (day) said.push([`Sold on ${weekday(day.date, new Date(now).toISOString())}`, `${revenue(day.figures.revenue ?? {})}, ${counted(day.figures.units ?? 0, "unit", "units")}`]);
  said.push(["Ever", `${revenue(totals.revenue)}, ${counted(totals.units, "unit", "units")}`]);
  for (const zone of condition.temperatures) {
    const warm = zone.warmForS > 0 ? `, too warm for ${count(Math.round(zone.warmForS / 60))} min` : "";
    said.push([`Temperature, ${zone.zone}`, `${celsius(zone.celsius)}${warm}`]);
  }
  for (const fault of condition.faults) said.push([`Fault, ${fault.component}`, `${fault.code}, since ${clock(fault.at)}`]);
  if (condition.door) said.push(["Door", condition.door.open ? "open" : "closed"]);
  if (condition.power) said.push(["Power", condition.power.state]);
  if (condition.firmware) said.push(["Firmware", condition.firmware.version]);
  if (condition.heartbeat?.rssiDbm !== undefined) said.push(["Signal", `${condition.heartbeat.rssiDbm} dBm`]);
  return element("dl", { class: "facts" }, said.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function slot({ selection, onHand, capacity }) {
  const empty = onHand !== null && onHand <= 0 && capacity !== 0;
  const share = capacity && onHand !== null ? Math.min(1, onHand / capacity) : 0;
  const text = onHand === null ? "never counted" : empty ? "sold out" : capacity ? `${onHand} of ${capacity}` : count(onHand);
  const level = element("span", { class: "level" });
  level.style.width = `${100 * share}%`;
  const low = !empty && capacity && onHand !== null && share < LOW;
  return element("li", { class: empty ? "sold-out" : low ? "low" : null }, element("span", { class: "selection" }, selection), element("span", { class: "trough", "aria-hidden": "true" }, level), element("span", { class: "held" }, text));
}

function salesTable(sales) {
  const heads = [`Time (${ZONE})`, "Selection", "Product", "Paid", "How"].map((name) => element("th", { scope: "col" }, name));
  return element("table", { class: "small" }, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, sales.map(sale)));
}

function sale(line) {
  const paid = line.kind === "vend" ? money(line.paidMinor, line.currency) : "–";
  const how = line.kind === "vend" ? line.payment : `failed: ${line.reason}`;
  const product = line.product ?? line.sku ?? "–";
  return element("tr", {}, [clock(line.at), line.selection, product, paid, how].map((text) => element("td", {}, text)));
}

function hole({ device, epoch, missing }) {
  const ranges = missing.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ");
  return element("li", {}, `${device}, epoch ${epoch}: ${ranges}`);
}

function givenUp({ holes, numbers, epochs, at }, now) {
  const said = [];
  if (holes) said.push(`${counted(numbers, "number", "numbers")} in ${counted(holes, "hole", "holes")}`);
  if (epochs) said.push(counted(epochs, "epoch of a device", "epochs of devices"));
  return [`${said.join(" and ")} given up, last `, age(at, now)];
}
