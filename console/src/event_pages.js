// SPDX-License-Identifier: BSD-2-Clause
// Events of the audit log that are on disk, by cursor. The daemon gives the oldest first. Knows
// nothing of the page.
import { plain } from "./control.js";

/** So many calls at most: one looks at 20000 events, and gives 200. */
const CALLS_MAX = 500;

/** Times to look back, the shortest first: a busy host has enough events in the last minutes. */
const WINDOWS_S = [600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400];

/**
 * Calls take with each page of events that pass the filter, the oldest first.
 * @param {function} list called with a filter of ListAudit, resolves to [events, next]
 * @param {function} take may return false to end this
 */
export async function eachPage(list, filter, take) {
    let after;

    for (let i = 0; i < CALLS_MAX; i++) {
        const [events, next] = await list({ ...filter, after });

        if (take(events.map(plain)) === false || !next)
            return;
        after = next;
    }
}

async function lastOf(list, filter, count) {
    let newest = [];

    await eachPage(list, filter, events => { newest = newest.concat(events).slice(-count); });
    return newest;
}

/** The newest events that pass the filter, the newest first: count of them at most. */
export async function newestEvents(list, filter, count, now_s) {
    const begins = [...WINDOWS_S.map(window => now_s - window).filter(since => since > (filter.since ?? 0)), filter.since];

    for (const since of begins) {
        const newest = await lastOf(list, { ...filter, since }, count);

        if (newest.length >= count || since === filter.since)
            return newest.reverse();
    }
    return [];
}
