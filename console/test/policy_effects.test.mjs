// SPDX-License-Identifier: BSD-2-Clause
// Goal: changes that end keys or close doors say so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { choicesOf, effectOf } from "../src/policy_effects.js";

const POLICIES = [
    "account-grace", "admin-keys", "enabled", "idle", "lifetime", "max-keys-per-user", "max-lifetime", "password-issue",
    "remove-on-password-expiry", "replica-max-age", "require-certificate", "retention",
];

test("each policy has an effect", () => {
    for (const name of POLICIES)
        assert.notEqual(effectOf(name, "no", "yes").effect, "unknown", name);
    assert.equal(effectOf("of-a-newer-daemon", "1", "2").effect, "unknown");
});

test("what takes access away is dangerous", () => {
    for (const [name, before, after] of [
        ["enabled", "yes", "no"], ["admin-keys", "yes", "no"], ["remove-on-password-expiry", "no", "yes"], ["require-certificate", "yes", "proof"],
        ["require-certificate:sshd", "no", "yes"], ["account-grace", "1d", "1h"], ["account-grace", "none", "1d"], ["retention", "3mo", "1d"],
        ["idle", "none", "90d"], ["idle", "90d", "30d"],
    ])
        assert.equal(effectOf(name, before, after).ends, name !== "account-grace" || before !== "none", `${name} ${before} ${after}`);
});

test("what gives access back is not", () => {
    for (const [name, before, after] of [
        ["enabled", "no", "yes"], ["require-certificate", "proof", "yes"], ["account-grace", "1h", "1d"], ["retention", "1d", "3mo"],
        ["max-lifetime", "none", "1d"], ["idle", "30d", "none"], ["idle", "30d", "90d"],
    ])
        assert.equal(effectOf(name, before, after).ends, false, `${name} ${before} ${after}`);
});

test("values that are offered", () => {
    assert.deepEqual(choicesOf("require-certificate:sshd"), ["no", "yes", "proof"]);
    assert.equal(choicesOf("lifetime"), undefined);
});
