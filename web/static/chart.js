// Revenue by hour as bars.

import { drawn } from "./dom.js";
import { axisMoney, money } from "./format.js";

const WIDTH = 720, HEIGHT = 290, BOTTOM = 24, TOP = 10;
const LETTER = 0.7; // of the size of the letters: the width of one, on the safe side

// The smallest of 1, 2, 5 × 10ⁿ of which four reach the highest bar.
function step(highest) {
  const rough = Math.max(highest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(1, power * [1, 2, 5, 10].find((factor) => factor * power >= rough));
}

/** `size` is that of the labels, in units of the drawing; the axis is as wide as its longest label. */
export function hoursChart(hours, currency, size) {
  const values = hours.map((hour) => hour.revenue[currency] ?? 0);
  const grid = step(Math.max(...values));
  const top = grid * Math.max(1, Math.ceil(Math.max(...values) / grid));
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const marks = [];
  for (let value = 0; value <= top; value += grid) marks.push([value, axisMoney(value, currency, grid)]);
  const left = 12 + LETTER * size * Math.max(...marks.map(([, text]) => text.length));
  const band = (WIDTH - left) / Math.max(1, hours.length);
  const lines = marks.flatMap(([value, text]) => [
    drawn("line", { x1: left, x2: WIDTH, y1: y(value), y2: y(value), class: "grid" }),
    drawn("text", { x: left - 8, y: y(value) + size / 3, class: "label end" }, text),
  ]);
  const bars = hours.map((hour, at) => {
    const value = values[at];
    const bar = { x: left + at * band + band * 0.15, width: band * 0.7, y: y(value), height: y(0) - y(value), rx: 2, class: "bar" };
    return drawn("rect", bar, drawn("title", {}, `${hour.hour} h: ${money(value, currency)}, ${hour.units} units`));
  });
  const labels = hours
    .map((hour, at) => [hour, at])
    .filter(([, at]) => at % 3 === 0)
    .map(([hour, at]) => drawn("text", { x: left + (at + 0.5) * band, y: HEIGHT - 6, class: "label middle" }, hour.hour));
  const total = values.reduce((sum, value) => sum + value, 0);
  const name = `Revenue by hour, ${money(total, currency)} in all`;
  return drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": name }, lines, bars, labels);
}
