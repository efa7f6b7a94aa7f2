// SPDX-License-Identifier: BSD-2-Clause
// Goal: the hours of the chart have all logins of the last day and no others, and the newest events
// are found without reading a whole log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newestEvents } from "../src/event_pages.js";
import { addLogins, EMPTY_EVENTS, emptyHours, eventFilter, fits, HOURS } from "../src/event_query.js";

const NOW = 1_000_000_800;

test("logins are counted in their hours", () => {
    const hours = addLogins(emptyHours(NOW), [
        { event: "login", verdict: "accepted", at: NOW, count: 3 },
        { event: "login", verdict: "refused", at: NOW - 3600 },
        { event: "login", verdict: "accepted", at: NOW - 30 * 3600 },
        { event: "login", verdict: "accepted", at: NOW + 7200 },
        { event: "issued", verdict: "done", at: NOW },
    ]);

    assert.equal(hours.length, HOURS);
    assert.equal(hours[HOURS - 1].accepted, 3);
    assert.equal(hours[HOURS - 2].refused, 1);
    assert.equal(hours.reduce((sum, { accepted, refused }) => sum + accepted + refused, 0), 4);
});

test("fields and events that come", () => {
    assert.deepEqual(JSON.parse(JSON.stringify(eventFilter({ ...EMPTY_EVENTS, user: " bob " }, NOW))), { user: "bob", since: NOW - 86400 });
    assert.equal(fits({ ...EMPTY_EVENTS, user: "bob" }, { user: "bob" }), true);
    assert.equal(fits({ ...EMPTY_EVENTS, user: "bob", verdict: "refused" }, { user: "bob", verdict: "accepted" }), false);
});

/** A daemon with an event for each second from begin to NOW, in pages of 200. */
function daemon(begin) {
    const asked = [];
    const list = async ({ since = begin, after = 0 }) => {
        const first = Math.max(since, begin, after + 1), last = Math.min(first + 199, NOW);
        const events = [];

        asked.push(since);
        for (let at = first; at <= last; at++)
            events.push({ seq: { v: at }, at: { v: at } });
        return [events, last < NOW ? last : 0];
    };

    return { asked, list };
}

test("the newest events of a long log need few calls", async () => {
    const { asked, list } = daemon(NOW - 1_000_000);
    const events = await newestEvents(list, {}, 20, NOW);

    assert.equal(events.length, 20);
    assert.equal(events[0].at, NOW);
    assert.ok(asked.length < 10);
});

test("all of a short log", async () => {
    const { list } = daemon(NOW - 4);

    assert.equal((await newestEvents(list, {}, 20, NOW)).length, 5);
    assert.equal((await newestEvents(list, { since: NOW - 2 }, 20, NOW)).length, 3);
});
