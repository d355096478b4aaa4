// Audits of a machine: what its own meters said was sold, and where that differs from its events.

import { element } from "./dom.js";
import { clock, count, counted, money } from "./format.js";

const PLACED = {
  baseline: "the beginning: nothing is claimed of the time before",
  inside: "between audits that came before: counted already",
  again: "the same read came before",
  "left-out": "left out",
};

/** A table of audits, newest upload first. */
export function auditsTable({ audits, sources }) {
  const heads = ["Read", "Checksum", "Sold", "Money", "Beside the events"].map((name) => element("th", { scope: "col" }, name));
  const table = element("table", { class: "small" }, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, audits.map(audit)));
  return element("div", { class: "audits" }, table, sources.length ? element("p", { class: "none" }, sources.map(source).join("; ")) : null);
}

function audit(found) {
  const { sold, currency } = found;
  const value = sold?.valueMinor;
  const paid = value === undefined ? "–" : currency ? money(value, currency) : count(value);
  const vends = sold ? counted(sold.vends, "vend", "vends") : claimed(found);
  const checksum = element("td", { class: found.checksum === "wrong" ? "differs" : null }, found.checksum);
  return element("tr", {}, element("td", {}, clock(found.readAt)), checksum, element("td", {}, vends), element("td", {}, paid), beside(found));
}

function claimed({ placed, reason }) {
  const said = PLACED[placed] ?? placed;
  return reason && reason !== "first" ? `${said} (${reason})` : said;
}

function beside({ reconciliation, currency }) {
  if (!reconciliation) return element("td", {}, "–");
  const { missed, variance } = reconciliation.vends;
  const said = [];
  if (missed) said.push(missed > 0 ? `${counted(missed, "vend", "vends")} missed` : `${counted(-missed, "vend", "vends")} too many`);
  if (variance) said.push(currency ? money(variance, currency) : count(variance));
  return element("td", { class: said.length ? "differs" : null }, said.length ? said.join(", ") : "agrees");
}

function source({ since, sales }) {
  const whose = sales === "audit" ? "sales are those of the audits" : "sales are those of the events";
  return since ? `since ${since.replace("T", " ")} ${whose}` : whose;
}
