// Figures for people: money from minor units, times as ages, counts with their noun.

import { element, write } from "./dom.js";

const formats = new Map();

function currencyFormat(currency) {
  if (!formats.has(currency)) {
    let format;
    try {
      format = new Intl.NumberFormat(undefined, { style: "currency", currency });
    } catch {
      format = null; // a code that this browser does not accept
    }
    formats.set(currency, format);
  }
  return formats.get(currency);
}

export function money(minor, currency) {
  const format = currencyFormat(currency);
  if (!format) return `${minor} ${currency}`;
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

// Currencies are never summed: "€12.00 · $3.50".
export function revenue(byCurrency) {
  const parts = Object.entries(byCurrency).sort((one, other) => other[1] - one[1]).map(([currency, minor]) => money(minor, currency));
  return parts.length ? parts.join(" · ") : "0";
}

export const count = (number) => number.toLocaleString();

export const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "always", style: "short" });

export function ago(iso, now) {
  if (!iso) return "never";
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 2) return "just now";
  const [unit, length] = UNITS.find(([, size]) => seconds >= size);
  return relative.format(-Math.floor(seconds / length), unit);
}

// An element that says how long ago a moment was; `showAges` keeps it true.
export const age = (iso, now) => (iso ? element("time", { datetime: iso, title: clock(iso), "data-age": true }, ago(iso, now)) : "never");

export function showAges(now) {
  for (const node of document.querySelectorAll("time[data-age]")) write(node, ago(node.dateTime, now));
}

export const clock = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function weekday(date) {
  return new Date(`${date}T12:00:00Z`).toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
}

export const celsius = (value) => `${value.toFixed(1)} °C`;
