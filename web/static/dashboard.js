// The page's life: ask the API every few seconds while somebody looks, and show what it says.

import { adoptKey, Missing, read, Refused, serverNow, useKey, Wrong } from "./api.js";
import { acts } from "./attend.js";
import { hoursChart } from "./chart.js";
import * as detail from "./detail.js";
import { byId, element, fill, renew, write } from "./dom.js";
import { age, clock, count, counted, dayIn, money, revenue, showAges, weekday, ZONE } from "./format.js";
import * as machines from "./machines.js";

const EVERY = 3_000;
const LONGEST = 60_000; // between two questions to an API that does not answer
const MACHINES_EVERY = 3; // rounds
const VISITS_EVERY = 10; // rounds: a machine is visited twice a week
const FEW = 8; // alerts that are shown until somebody asks for all
const ALL = 500; // what the API gives at once
const NARROW = matchMedia("(max-width: 56rem)");
let summary = null;
let lastAnswer = null;
let note = ""; // what was wrong with the address
let round = 0;
let failures = 0;
let allAlerts = false;

const day = () => byId("day").value;

function showSummary() {
  if (!summary) return;
  const { machines: fleet, alerts } = summary;
  const today = dayIn(summary.timeZone, serverNow());
  const later = summary.date > today ? " (to come)" : "";
  write(byId("figures-title"), day() ? weekday(summary.date, today) + later : "Today");
  write(byId("zones"), `Days and hours are by each site's clock, today by ${summary.timeZone}; times by yours, ${ZONE}.`);
  write(byId("revenue"), revenue(summary.day.revenue));
  write(byId("units"), counted(summary.day.units, "unit", "units"));
  write(byId("vends"), count(summary.day.vends));
  write(byId("failures"), `${count(summary.day.failures)} failed`);
  write(byId("online"), `${count(fleet.online)} of ${count(fleet.total)}`);
  const never = fleet.never ? `, ${count(fleet.never)} never heard` : "";
  const imported = fleet.imported ? `, ${count(fleet.imported)} imported` : "";
  write(byId("silent"), `${count(fleet.silent)} silent, ${count(fleet.faulty)} faulty${never}${imported}`);
  write(byId("open-alerts"), count(alerts.open));
  write(byId("sold-out"), counted(alerts.soldOut, "selection sold out", "selections sold out"));
  showHours();
  renew(byId("days"), [summary.days, today], () => summary.days.toReversed().map((one) => dayRow(one, today)));
  byId("top-none").hidden = summary.topProducts.length > 0;
  renew(byId("top"), summary.topProducts, () => summary.topProducts.map((product) => productBar(product, summary.topProducts[0].units)));
  const rest = summary.otherProducts;
  byId("top-other").hidden = !rest;
  write(byId("top-other"), rest ? `Products not told apart: ${count(rest.units)} · ${revenue(rest.revenue)}` : "");
  document.body.classList.toggle("unheard", !fleet.newestEvent);
  fill(byId("freshness-text"), fleet.newestEvent ? ["Newest event ", age(fleet.newestEvent, serverNow())] : ["No event yet"]);
}

function dayRow(one, today) {
  return element("tr", {}, element("th", { scope: "row" }, weekday(one.date, today)),
    element("td", { class: "number" }, revenue(one.revenue)), element("td", { class: "number" }, count(one.units)));
}

function productBar(product, most) {
  const bar = element("span");
  bar.style.width = `${(100 * product.units) / most}%`;
  return element("li", {}, element("span", { class: "name" }, product.name),
    element("span", { class: "sum" }, `${count(product.units)} · ${revenue(product.revenue)}`),
    element("span", { class: "share", "aria-hidden": "true" }, bar));
}

function showHours() {
  const currencies = Object.keys(summary.day.revenue).sort();
  const choice = byId("currency");
  if (currencies.join() !== [...choice.options].map((option) => option.value).join()) {
    const held = choice.value;
    fill(choice, currencies.map((currency) => element("option", { value: currency, selected: currency === held }, currency)));
  }
  byId("currency-choice").hidden = currencies.length < 2;
  const size = NARROW.matches ? 20 : 12; // as in the style sheet
  renew(byId("hours"), [summary.hours, choice.value, size], () => (currencies.length
    ? [hoursChart(summary.hours, choice.value, size)]
    : [element("p", { class: "none" }, "No revenue on this day.")]));
  byId("hours-table").hidden = currencies.length === 0;
  renew(byId("hours-rows"), [summary.hours, choice.value], () => [hoursTable(choice.value)]);
}

function hoursTable(currency) {
  const heads = ["Hour", "Revenue", "Units"].map((name, at) => element("th", { scope: "col", class: at ? "number" : null }, name));
  const rows = summary.hours.map((one) => element("tr", {}, element("th", { scope: "row" }, one.hour),
    element("td", { class: "number" }, money(one.revenue[currency] ?? 0, currency)), element("td", { class: "number" }, count(one.units))));
  return element("table", { class: "small" }, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, rows));
}

function showAlerts({ alerts: found, open }) {
  const shown = allAlerts ? found : found.slice(0, FEW);
  byId("alerts-none").hidden = open > 0;
  byId("alerts").classList.toggle("all", allAlerts && found.length > FEW);
  const more = byId("alerts-more");
  more.hidden = open <= FEW;
  const beyond = open > found.length ? `, of which the newest ${count(found.length)} are shown` : "";
  write(more, allAlerts ? `Show the newest ${FEW} of ${count(open)}${beyond}` : `Show all ${count(open)}`);
  if (byId("alerts").querySelector("details[open]")) return; // somebody is at one of them
  renew(byId("alerts"), shown, () => shown.map((alert) => {
    const said = age(alert.since, serverNow());
    return element("li", {}, place(alert.machineId), ` ${alert.title} `, said, acts(alert, tick));
  }));
}

/** What an alert is about: a machine that can be opened, or something of ours, whose name begins with $. */
function place(id) {
  if (id.startsWith("$")) return element("strong", {}, id.slice(1));
  const button = element("button", { class: "link" }, id);
  button.addEventListener("click", () => openMachine(id));
  return button;
}

let visited = { id: null, looks: 0, rows: [] };

async function readMachine() {
  const id = detail.wanted();
  try {
    const path = `/api/v1/machines/${encodeURIComponent(id)}`;
    const machine = await read(path + (day() ? `?day=${day()}` : ""));
    const sold = await read(`${path}/sales`).catch((fault) => {
      if (fault instanceof Missing) return { sales: [] };
      throw fault;
    });
    const { photos } = await read(`${path}/photos?limit=6`);
    if (id !== visited.id || visited.looks % VISITS_EVERY === 0) {
      visited = { id, looks: 0, rows: (await read(`${path}/visits?limit=5`)).visits };
    }
    visited.looks += 1;
    const audits = await read(`${path}/audits?limit=6`);
    detail.show(machine, { sales: sold.sales.slice(0, 12), photos, visits: visited.rows, audits }, serverNow());
  } catch (fault) {
    if (!(fault instanceof Missing)) throw fault;
    detail.explain(`${fault.message}.`);
  }
}

async function readSummary() {
  const asked = day();
  const answer = await read(`/api/v1/fleet/summary${asked ? `?day=${asked}` : ""}`);
  if (asked !== day()) return; // another day was picked meanwhile
  summary = answer;
  document.body.classList.remove("waiting");
  showSummary();
}

// Each part by itself: one store that is away blanks no other's figures. Gives what went wrong, and whether all did.
async function poll() {
  const parts = [readSummary, async () => showAlerts(await read(`/api/v1/alerts?limit=${allAlerts ? ALL : FEW}`))];
  if (round % MACHINES_EVERY === 0) parts.push(() => machines.refresh(read, serverNow()));
  if (detail.wanted()) parts.push(readMachine);
  const outcomes = await Promise.allSettled(parts.map((part) => part()));
  const faults = outcomes.filter((one) => one.status === "rejected").map((one) => one.reason);
  round = faults.length ? 0 : round + 1;
  return { faults, all: faults.length === parts.length };
}

function showConnection({ faults, all }) {
  const refused = faults.find((fault) => fault instanceof Refused);
  document.body.classList.toggle("stale", faults.length > 0);
  byId("key-form").hidden = !refused || refused.signIn;
  byId("sign-in").hidden = !refused?.signIn;
  if (!faults.length) lastAnswer = new Date();
  const said = refused ? "" : [note, trouble(faults, all)].filter(Boolean).join(" ");
  byId("banner").hidden = !said;
  write(byId("banner"), said);
  detail.connection(said || null);
}

function trouble(faults, all) {
  if (!faults.length) return "";
  const since = lastAnswer ? `What it shows is of ${clock(lastAnswer)}.` : "There are no figures yet.";
  const wrong = faults.find((fault) => fault instanceof Wrong);
  if (wrong) return `The API refuses the question: ${wrong.message}.`;
  const texts = [...new Set(faults.map((fault) => fault.message))].join("; ");
  return `The API does not answer${all ? "" : " in part"}: ${texts}. ${since} Trying again.`;
}

// When to ask again: at the pace of the page; an API in trouble as it asks, ever less often, and not all pages at once.
function pause(faults) {
  failures = faults.length ? failures + 1 : 0;
  if (!failures) return EVERY;
  const asked = Math.max(0, ...faults.map((fault) => fault.wait ?? 0));
  const grown = Math.min(LONGEST, EVERY * 2 ** (failures - 1));
  return Math.max(asked, grown) * (1 + 0.2 * Math.random());
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
  const outcome = await poll();
  showConnection(outcome);
  running = false;
  if (again) {
    again = false;
    await tick();
    return;
  }
  // A refused question stays refused: the next one comes when something else is asked for.
  if (!document.hidden && !outcome.faults.some((fault) => fault instanceof Wrong)) timer = setTimeout(tick, pause(outcome.faults));
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
  byId("day").addEventListener("change", () => {
    note = "";
    if (day() && !byId("day").validity.valid) byId("day").value = "";
    document.body.classList.add("waiting");
    write(byId("figures-title"), day() ? weekday(day(), new Date().toISOString()) : "Today");
    remember();
    tick();
  });
  byId("alerts-more").addEventListener("click", () => { allAlerts = !allAlerts; tick(); });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address holds what is looked at
    byId("machines-panel").focus();
  });
  NARROW.addEventListener("change", showSummary);
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
  const picked = looked.get("day") ?? "";
  byId("day").value = picked;
  if (picked && (day() !== picked || !byId("day").validity.valid)) {
    byId("day").value = "";
    note = `${JSON.stringify(picked)} is no day between ${byId("day").min} and ${byId("day").max}: this is today.`;
    remember();
  }
  if (looked.get("machine")) openMachine(looked.get("machine"));
  else tick();
}

start();
