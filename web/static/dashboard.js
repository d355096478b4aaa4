// The page's life: ask the API every few seconds while somebody looks, and show what it says.

import { adoptKey, Missing, read, Refused, serverNow, useKey } from "./api.js";
import { hoursChart } from "./chart.js";
import * as detail from "./detail.js";
import { byId, element, fill, renew, write } from "./dom.js";
import { age, clock, count, counted, revenue, showAges, weekday } from "./format.js";
import * as machines from "./machines.js";

const EVERY = 3_000;
const MACHINES_EVERY = 3; // rounds
const ALERTS = 20;
let summary = null;
let lastAnswer = null;
let round = 0;

const day = () => byId("day").value;

function showSummary() {
  if (!summary) return;
  const { machines: fleet, alerts } = summary;
  write(byId("figures-title"), day() ? weekday(summary.date) : "Today");
  write(byId("revenue"), revenue(summary.day.revenue));
  write(byId("units"), counted(summary.day.units, "unit", "units"));
  write(byId("vends"), count(summary.day.vends));
  write(byId("failures"), `${count(summary.day.failures)} failed`);
  write(byId("online"), `${count(fleet.online)} of ${count(fleet.total)}`);
  const imported = fleet.imported ? `, ${count(fleet.imported)} imported` : "";
  write(byId("silent"), `${count(fleet.silent)} silent, ${count(fleet.faulty)} faulty${imported}`);
  write(byId("open-alerts"), count(alerts.open));
  write(byId("sold-out"), counted(alerts.soldOut, "selection sold out", "selections sold out"));
  showHours();
  renew(byId("days"), summary.days, () => summary.days.toReversed().map(dayRow));
  byId("top-none").hidden = summary.topProducts.length > 0;
  renew(byId("top"), summary.topProducts, () => summary.topProducts.map((product) => productBar(product, summary.topProducts[0].units)));
  fill(byId("freshness-text"), fleet.newestEvent ? ["Newest event ", age(fleet.newestEvent, serverNow())] : ["No event yet"]);
}

function dayRow(one) {
  return element("tr", {}, element("th", { scope: "row" }, weekday(one.date)),
    element("td", { class: "number" }, revenue(one.revenue)), element("td", { class: "number" }, count(one.units)));
}

function productBar(product, most) {
  const bar = element("span", { class: "share", "aria-hidden": "true" });
  bar.style.width = `${(100 * product.units) / most}%`;
  return element("li", {}, bar, element("span", { class: "name" }, product.name),
    element("span", {}, `${count(product.units)} · ${revenue(product.revenue)}`));
}

function showHours() {
  const currencies = Object.keys(summary.day.revenue).sort();
  const choice = byId("currency");
  if (currencies.join() !== [...choice.options].map((option) => option.value).join()) {
    const held = choice.value;
    fill(choice, currencies.map((currency) => element("option", { value: currency, selected: currency === held }, currency)));
  }
  byId("currency-choice").hidden = currencies.length < 2;
  renew(byId("hours"), [summary.hours, choice.value], () => (currencies.length
    ? [hoursChart(summary.hours, choice.value)]
    : [element("p", { class: "none" }, "No revenue on this day.")]));
}

function showAlerts({ alerts: found, open }) {
  byId("alerts-none").hidden = open > 0;
  byId("alerts-more").hidden = open <= found.length;
  write(byId("alerts-more"), `and ${count(open - found.length)} more`);
  renew(byId("alerts"), found, () => found.map((alert) => {
    return element("li", {}, place(alert.machineId), ` ${alert.title} `, age(alert.since, serverNow()));
  }));
}

/** What an alert is about: a machine that can be opened, or something of ours, whose name begins with $. */
function place(id) {
  if (id.startsWith("$")) return element("strong", {}, id.slice(1));
  const button = element("button", { class: "link" }, id);
  button.addEventListener("click", () => openMachine(id));
  return button;
}

async function readMachine() {
  const id = detail.current();
  if (!id) return;
  try {
    const path = `/api/v1/machines/${encodeURIComponent(id)}`;
    const machine = await read(path);
    const sold = await read(`${path}/sales`).catch((fault) => {
      if (fault instanceof Missing) return { sales: [] };
      throw fault;
    });
    detail.show(machine, sold.sales.slice(0, 12), serverNow());
  } catch (fault) {
    if (!(fault instanceof Missing)) throw fault;
    detail.explain(fault.message);
  }
}

async function poll() {
  summary = await read(`/api/v1/fleet/summary${day() ? `?day=${day()}` : ""}`);
  showSummary();
  showAlerts(await read(`/api/v1/alerts?limit=${ALERTS}`));
  if (round % MACHINES_EVERY === 0) await machines.refresh(read, serverNow());
  await readMachine();
  round += 1;
}

function showConnection(fault) {
  const banner = byId("banner");
  document.body.classList.toggle("stale", fault !== null);
  byId("key-form").hidden = !(fault instanceof Refused);
  banner.hidden = fault === null || fault instanceof Refused;
  if (fault === null) {
    lastAnswer = new Date();
    return;
  }
  const since = lastAnswer ? `The figures are those of ${clock(lastAnswer)}.` : "There are no figures yet.";
  write(banner, `The API does not answer: ${fault.message}. ${since} Trying again.`);
}

let timer = null;
let running = false;
let again = false;

// One round at a time; a wish for a round during one is granted after it.
async function tick() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  clearTimeout(timer);
  try {
    await poll();
    showConnection(null);
  } catch (fault) {
    showConnection(fault);
  }
  running = false;
  if (again) {
    again = false;
    await tick();
  } else if (!document.hidden) {
    timer = setTimeout(tick, EVERY);
  }
}

// What is looked at stands in the address, so that it can be sent to somebody and survives a reload.
function remember() {
  const looked = new URLSearchParams();
  if (day()) looked.set("day", day());
  if (detail.current()) looked.set("machine", detail.current());
  const hash = looked.toString();
  history.replaceState(null, "", location.pathname + location.search + (hash ? `#${hash}` : ""));
}

function openMachine(id) {
  detail.open(id);
  remember();
  tick();
}

function start() {
  adoptKey();
  machines.setUp(openMachine);
  detail.setUp(remember);
  byId("more").addEventListener("click", () => { round = 0; tick(); });
  byId("day").addEventListener("change", () => { remember(); tick(); });
  byId("currency").addEventListener("change", showHours);
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(byId("key").value);
    byId("key").value = "";
    round = 0;
    tick();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) tick();
  });
  setInterval(() => showAges(serverNow()), 1_000);
  const looked = new URLSearchParams(location.hash.slice(1));
  byId("day").value = looked.get("day") ?? "";
  if (looked.get("machine")) openMachine(looked.get("machine"));
  else tick();
}

start();
