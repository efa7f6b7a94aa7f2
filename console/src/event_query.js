// SPDX-License-Identifier: BSD-2-Clause
// The fields above the events, and hours of logins for the chart. Pure.
const HOUR_S = 3600, DAY_S = 86400;

/** The hours that the chart has. */
export const HOURS = 24;

/** The fields when the page opens. */
export const EMPTY_EVENTS = Object.freeze({ key: "", user: "", service: "", verdict: "", since: DAY_S });

/** The filter of ListAudit. */
export const eventFilter = (query, now_s) => ({
    key: query.key.trim() || undefined,
    user: query.user.trim() || undefined,
    service: query.service.trim() || undefined,
    verdict: query.verdict || undefined,
    since: query.since ? now_s - query.since : undefined,
});

/** Whether an event that comes passes the fields. */
export const fits = (query, event) => ["key", "user", "service", "verdict"]
    .every(name => !query[name].trim() || event[name] === query[name].trim());

/** No logins in any hour. The last one is that of now_s. */
export const emptyHours = now_s => Array.from({ length: HOURS }, (_value, i) => ({
    from: (Math.floor(now_s / HOUR_S) - HOURS + 1 + i) * HOUR_S, accepted: 0, refused: 0,
}));

/** Adds the logins of events to hours, and returns new hours. An event can stand for several. */
export function addLogins(hours, events) {
    const next = hours.map(hour => ({ ...hour }));

    for (const { event, verdict, at, until, count = 1 } of events) {
        const hour = next[Math.floor(((until ?? at) - next[0].from) / HOUR_S)];

        if (hour && (event === "login" || event === "confirm") && (verdict === "accepted" || verdict === "refused"))
            hour[verdict] += count;
    }
    return next;
}
