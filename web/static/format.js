// Figures for people: money from minor units, times as ages, counts with their noun.

import { element, write } from "./dom.js";

// The page's words are English, so its numbers and dates are too, in the reader's own English where there is one.
const LOCALE = navigator.languages.find((language) => /^en\b/i.test(language)) ?? "en";
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map();

function currencyFormat(currency) {
  if (!formats.has(currency)) {
    let format;
    try {
      format = new Intl.NumberFormat(LOCALE, { style: "currency", currency });
    } catch {
      format = null; // a code that this browser does not accept
    }
    formats.set(currency, format);
  }
  return formats.get(currency);
}

// Isolated (U+2068 … U+2069), so that an amount keeps its sign whatever is written beside it.
export function money(minor, currency) {
  const format = currencyFormat(currency);
  const text = format ? format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits) : `${minor} ${currency}`;
  return `\u2068${text}\u2069`;
}

// For an axis: no cents where `grid`, the distance of two lines, has none, and large sums in short.
export function axisMoney(minor, currency, grid) {
  const format = currencyFormat(currency);
  if (!format) return `${minor} ${currency}`;
  const digits = format.resolvedOptions().maximumFractionDigits;
  const unit = 10 ** digits;
  const whole = grid % unit === 0 ? { maximumFractionDigits: 0, minimumFractionDigits: 0 } : {};
  const short = grid >= 10_000 * unit ? { notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 } : whole;
  return new Intl.NumberFormat(LOCALE, { style: "currency", currency, ...short }).format(minor / unit);
}

// Currencies are never summed: "€12.00 · $3.50".
export function revenue(byCurrency) {
  const parts = Object.entries(byCurrency).sort((one, other) => other[1] - one[1]).map(([currency, minor]) => money(minor, currency));
  return parts.length ? parts.join(" · ") : "0";
}

export const count = (number) => number.toLocaleString(LOCALE);

export const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always", style: "short" });

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

export const clock = (iso) => new Date(iso).toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "medium" });

/** A business day; with its year where that is not the year of `today`. */
export function weekday(date, today) {
  const year = date.slice(0, 4) === today.slice(0, 4) ? {} : { year: "numeric" };
  return new Date(`${date}T12:00:00Z`).toLocaleDateString(LOCALE, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC", ...year });
}

/** The day (YYYY-MM-DD) that it is in a zone. */
export function dayIn(zone, now) {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" });
  return parts.format(new Date(now));
}

export const celsius = (value) => `${value.toFixed(1)} °C`;
