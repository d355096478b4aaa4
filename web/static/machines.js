// The table of machines: rows are kept by machine, so that focus and scroll stay where they are.

import { byId, element, renew, write } from "./dom.js";
import { age, celsius, count, counted } from "./format.js";

const PAGE = 200;
const rows = new Map(); // machineId → { node, cells, machine }
const sort = { by: "machineId", down: false };
let pages = 1;
let total = 0;
let onOpen = () => {};

const warmest = (machine) => machine.temperatures.reduce((held, zone) => (held && held.celsius >= zone.celsius ? held : zone), null);

const KEYS = {
  machineId: (machine) => machine.machineId,
  site: (machine) => machine.site ?? "",
  state: (machine) => machine.state,
  lastSeen: (machine) => machine.lastSeen ?? "",
  temperature: (machine) => warmest(machine)?.celsius ?? -1000,
  fill: (machine) => (machine.capacity ? machine.onHand / machine.capacity : -1),
  soldOut: (machine) => machine.soldOut.length,
  vends: (machine) => machine.totals.vends,
};

export function setUp(open) {
  onOpen = open;
  byId("search").addEventListener("input", arrange);
  byId("state").addEventListener("change", arrange);
  byId("more").addEventListener("click", () => {
    pages += 1;
    byId("more").disabled = true;
  });
  for (const button of document.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => {
      sort.down = sort.by === button.dataset.sort && !sort.down;
      sort.by = button.dataset.sort;
      for (const head of document.querySelectorAll("#machines th")) head.removeAttribute("aria-sort");
      button.closest("th").setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      arrange();
    });
  }
}

export async function refresh(read, now) {
  const found = [];
  let next = "";
  for (let page = 0; page < pages && next !== null; page += 1) {
    const answer = await read(`/api/v1/machines?limit=${PAGE}${next ? `&after=${encodeURIComponent(next)}` : ""}`);
    found.push(...answer.machines);
    ({ next, total } = answer);
  }
  byId("more").hidden = next === null;
  byId("more").disabled = false;
  const known = new Set(found.map((machine) => machine.machineId));
  for (const id of rows.keys()) if (!known.has(id)) rows.delete(id);
  for (const machine of found) update(machine, now);
  arrange();
}

function update(machine, now) {
  const row = rows.get(machine.machineId) ?? create(machine.machineId);
  row.machine = machine;
  write(row.site, machine.site ?? "–");
  write(row.state, machine.state === "never" ? "never heard" : machine.state);
  row.state.className = `state ${machine.state}`;
  write(row.notes, notes(machine));
  renew(row.seen, machine.lastSeen, () => [age(machine.lastSeen, now)]);
  const zone = warmest(machine);
  write(row.temperature, zone ? celsius(zone.celsius) : "–");
  row.temperature.classList.toggle("bad", machine.temperatures.some((one) => one.warmForS > 0));
  write(row.fill, machine.capacity ? `${Math.round((100 * machine.onHand) / machine.capacity)} %` : "–");
  write(row.soldOut, count(machine.soldOut.length));
  row.soldOut.classList.toggle("bad", machine.soldOut.length > 0);
  row.soldOut.title = machine.soldOut.join(", ");
  write(row.vends, count(machine.totals.vends));
}

function notes(machine) {
  const said = [];
  if (machine.faults.length) said.push(counted(machine.faults.length, "fault", "faults"));
  if (machine.doorOpen) said.push("door open");
  if (machine.power && machine.power !== "on") said.push(`power ${machine.power}`);
  if (machine.missingLedgerNumbers) said.push(counted(machine.missingLedgerNumbers, "event missing", "events missing"));
  if (machine.lostLedgerNumbers) said.push(counted(machine.lostLedgerNumbers, "event lost", "events lost"));
  return said.join(", ");
}

function create(id) {
  const button = element("button", { class: "link", title: id }, id);
  button.addEventListener("click", () => onOpen(id));
  const row = {
    site: element("td"),
    state: element("span"),
    notes: element("span", { class: "notes" }),
    seen: element("td"),
    temperature: element("td", { class: "number" }),
    fill: element("td", { class: "number" }),
    soldOut: element("td", { class: "number" }),
    vends: element("td", { class: "number" }),
  };
  const state = element("td", {}, row.state, " ", row.notes);
  row.node = element("tr", {}, element("th", { scope: "row" }, button),
    row.site, state, row.seen, row.temperature, row.fill, row.soldOut, row.vends);
  rows.set(id, row);
  return row;
}

// Puts the rows that are wanted in order, and moves only those that stand elsewhere.
function arrange() {
  const words = byId("search").value.trim().toLowerCase();
  const state = byId("state").value;
  const wanted = [...rows.values()].filter(({ machine }) =>
    (!state || machine.state === state) && `${machine.machineId} ${machine.site ?? ""}`.toLowerCase().includes(words));
  const key = KEYS[sort.by];
  wanted.sort((one, other) => {
    const [left, right] = [key(one.machine), key(other.machine)];
    const order = left < right ? -1 : left > right ? 1 : one.machine.machineId < other.machine.machineId ? -1 : 1;
    return sort.down ? -order : order;
  });
  const body = byId("rows");
  const shown = new Set(wanted.map((row) => row.node));
  for (const node of [...body.children]) if (!shown.has(node)) node.remove();
  wanted.forEach((row, at) => {
    if (body.children[at] !== row.node) body.insertBefore(row.node, body.children[at] ?? null);
  });
  byId("rows-none").hidden = wanted.length > 0;
  const loaded = rows.size < total ? ` of ${count(rows.size)} loaded, ${count(total)} in all` : ` of ${count(total)}`;
  write(byId("count"), `${count(wanted.length)}${loaded}`);
}
