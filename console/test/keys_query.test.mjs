// SPDX-License-Identifier: BSD-2-Clause
// Goal: each field above the table becomes its part of the filter, and a column that of
// the order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_QUERY, filterOf, isFiltered, orderOf } from "../src/keys_query.js";

const NOW = 1_000_000_000, DAY = 86400;
const filter = fields => JSON.parse(JSON.stringify(filterOf({ ...EMPTY_QUERY, ...fields }, NOW)));

test("no field, no filter", () => {
    assert.deepEqual(filter({}), {});
    assert.equal(isFiltered(EMPTY_QUERY), false);
    assert.equal(isFiltered({ ...EMPTY_QUERY, service: "sshd" }), true);
});

test("each field", () => {
    assert.deepEqual(filter({ search: " Backup " }), { search: "Backup" });
    assert.deepEqual(filter({ status: "revoked" }), { status: "revoked" });
    assert.deepEqual(filter({ service: "sshd" }), { services: ["sshd"] });
    assert.deepEqual(filter({ source: "192.0.2.7" }), { source: "192.0.2.7" });
    assert.deepEqual(filter({ realm: "mail " }), { realm: "mail" });
    assert.deepEqual(filter({ unusedFor: 90 }), { "unused-since": NOW - 90 * DAY });
});

test("what ends soon has not ended, unless that is asked for", () => {
    assert.deepEqual(filter({ endsWithin: 7 }), { status: "active", "ends-before": NOW + 7 * DAY });
    assert.deepEqual(filter({ endsWithin: 7, status: "revoked" }), { status: "revoked", "ends-before": NOW + 7 * DAY });
});

test("the daemon sorts, unless it lists by id anyway", () => {
    assert.deepEqual(orderOf({ column: "id", descending: false }), {});
    assert.deepEqual(orderOf({ column: "id", descending: true }), { sort: "id", reverse: true });
    assert.deepEqual(orderOf({ column: "name", descending: false }), { sort: "name", reverse: undefined });
});
