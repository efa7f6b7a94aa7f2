// SPDX-License-Identifier: BSD-2-Clause
// Goal: what the policy forbids is known before the daemon is asked, and never more than that.
import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedPresets, faultsOf, limitsOf, optionsOf, seconds, words } from "../src/issue_limits.js";

const NOW_MS = Date.parse("2026-11-29T12:00:00Z");
const FORM = { user: "alice", name: " laptop ", expires: "", date: "", services: ["sshd"], others: "", networks: "", need: "no", certificate: "", linked: "" };
const STATUS = { enabled: true, "may-issue": true, lifetime: "1mo", "max-lifetime": "none", "max-keys-per-user": "5" };

test("durations as the daemon writes them", () => {
    for (const [text, value] of [["30m", 1800], ["1d12h", 129600], ["6months", 15552000], ["1y", 31536000]])
        assert.equal(seconds(text), value, text);
    for (const text of ["none", "", undefined, "5 d"])
        assert.equal(seconds(text), undefined, text);
});

test("presets end where the policy does", () => {
    assert.equal(allowedPresets(limitsOf(STATUS)).length, 6);
    assert.deepEqual(allowedPresets(limitsOf({ ...STATUS, "max-lifetime": "30d" })), ["1d", "7d", "30d"]);
});

test("an older daemon forbids nothing by its silence", () => {
    const limits = limitsOf({ enabled: true });

    assert.equal(limits.mayIssue, true);
    assert.deepEqual(faultsOf(FORM, limits, 200, NOW_MS), []);
});

test("faults of a form", () => {
    const faults = (form, status, active = 0) => faultsOf({ ...FORM, ...form }, limitsOf({ ...STATUS, ...status }), active, NOW_MS);

    assert.deepEqual(faults({}, {}), []);
    assert.deepEqual(faults({ user: " " }, {}), ["noUser"]);
    assert.deepEqual(faults({}, { enabled: false }), ["disabled"]);
    assert.deepEqual(faults({}, {}, 5), ["tooMany"]);
    assert.deepEqual(faults({ expires: "date", date: "" }, {}), ["past"]);
    assert.deepEqual(faults({ expires: "date", date: "2026-11-28" }, {}), ["past"]);
    assert.deepEqual(faults({ expires: "date", date: "2027-11-28" }, { "max-lifetime": "30d" }), ["tooLong"]);
    assert.deepEqual(faults({ expires: "date", date: "2026-12-05" }, { "max-lifetime": "30d" }), []);
});

test("what is sent", () => {
    assert.deepEqual(words(" 10.0.0.0/8,2001:db8::/32  a"), ["10.0.0.0/8", "2001:db8::/32", "a"]);
    assert.deepEqual(JSON.parse(JSON.stringify(optionsOf({ ...FORM, others: "imap, smtp", networks: "10.0.0.1", expires: "30d", need: "yes", certificate: "ab" }))), {
        name: "laptop", expires: "30d", services: ["sshd", "imap", "smtp"], networks: ["10.0.0.1"], "require-certificate": "yes", certificate: "ab",
    });
    assert.equal(optionsOf({ ...FORM, expires: "date", date: "2027-01-01" }).expires, "2027-01-01");
});
