// SPDX-License-Identifier: BSD-2-Clause
// Times and numbers as people read them, in the language of Cockpit. Knows nothing of keys.
import cockpit from "./cockpit.js";

const MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400;

const language = (cockpit?.language ?? "en").replace("_", "-");
const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const brief = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" });
const hours = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const spans = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const numbers = new Intl.NumberFormat(language);

/** Now, in UNIX seconds. */
export const now_s = () => Math.floor(Date.now() / 1000);

/** The day of a time in UNIX seconds. */
export const day = at_s => dates.format(new Date(at_s * 1000));

/** A time in UNIX seconds with its seconds. */
export const moment = at_s => moments.format(new Date(at_s * 1000));

/** The same without its year. */
export const briefly = at_s => brief.format(new Date(at_s * 1000));

/** The hour of a time in UNIX seconds. */
export const hour = at_s => hours.format(new Date(at_s * 1000));

/** A count, with separators. */
export const number = count => numbers.format(count);

/** How far a time is from now: "in 3 days", "2 hours ago". */
export function span(at_s, from_s = now_s()) {
    const seconds = at_s - from_s, size = Math.abs(seconds);

    if (size < MINUTE_S)
        return spans.format(seconds, "second");
    if (size < HOUR_S)
        return spans.format(Math.trunc(seconds / MINUTE_S), "minute");
    if (size < DAY_S)
        return spans.format(Math.trunc(seconds / HOUR_S), "hour");
    return spans.format(Math.trunc(seconds / DAY_S), "day");
}
