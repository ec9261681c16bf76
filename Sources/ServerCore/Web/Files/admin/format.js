// Numbers as people read them.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Three digits and a unit: 22.8 kB. */
export function bytes(value) {
  let place = 0;
  while (value >= 999.5 && place < UNITS.length - 1) [value, place] = [value / 1000, place + 1];
  return `${place === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(value >= 9.995 ? 1 : 2)} ${UNITS[place]}`;
}

export const perSecond = (value) => `${bytes(value)}/s`;

export function milliseconds(value) {
  if (value === undefined || value === null) return "–";
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 99.5 ? Math.round(value) : value.toFixed(value >= 9.95 ? 1 : 2)} ms`;
}

/** Digits in groups of three, so that long ones can be told apart. */
export const count = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, " ");

export const percent = (value) => `${value.toFixed(1)} %`;

/** The two largest units: 2 h 5 min. */
export function duration(seconds) {
  let left = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    if (left >= length || unit === "s" && !parts.length) parts.push(`${Math.floor(left / length)} ${unit}`);
    else if (parts.length) break;
    left %= length;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** A moment, in milliseconds since 1970, as this machine's clock has it. */
export function moment(at) {
  const date = new Date(at);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)}`;
}

export function clock(at) {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
