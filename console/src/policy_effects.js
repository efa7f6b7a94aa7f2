// SPDX-License-Identifier: BSD-2-Clause
// What a change of the policy does to keys that exist, in words. How many they are is for the daemon
// to say. Pure.
import { seconds } from "./issue_limits.js";

const NEEDS = ["no", "yes", "proof"];
// Without a grace, keys end at once.
const shorter = (before, after) => (seconds(after) ?? 0) < (seconds(before) ?? 0);

/** What is offered for a policy that has a few values; others are texts. */
export function choicesOf(name) {
    if (name.startsWith("require-certificate"))
        return NEEDS;
    return ["admin-keys", "enabled", "password-issue", "remove-on-password-expiry"].includes(name) ? ["yes", "no"] : undefined;
}

const stricter = (before, after) => NEEDS.indexOf(after) > NEEDS.indexOf(before);

/** For each policy: what word of strings tells the effect, and whether somebody may lose access, or keys are gone. */
const EFFECTS = {
    "account-grace": (before, after) => ({ effect: "grace", ends: shorter(before, after) }),
    "admin-keys": (_before, after) => after === "no" ? { effect: "adminsRefused", ends: true } : { effect: "adminsAccepted" },
    enabled: (_before, after) => after === "no" ? { effect: "switchedOff", ends: true } : { effect: "switchedOn" },
    idle: (before, after) => after === "none" ? { effect: "idleOff" } : { effect: "idle", ends: before === "none" || shorter(before, after) },
    lifetime: () => ({ effect: "lifetime" }),
    "max-keys-per-user": () => ({ effect: "newOnly" }),
    "max-lifetime": () => ({ effect: "newOnly" }),
    "password-issue": () => ({ effect: "newOnly" }),
    "remove-on-password-expiry": (_before, after) => after === "yes" ? { effect: "passwords", ends: true } : { effect: "passwordsOff" },
    "replica-max-age": () => ({ effect: "replica" }),
    retention: (before, after) => ({ effect: "retention", ends: shorter(before, after) }),
};

/**
 * The effect of a change.
 * @returns {{effect: string, ends: boolean}}
 */
export function effectOf(name, before, after) {
    const [policy] = name.split(":");

    if (policy === "require-certificate")
        return { effect: stricter(before, after) ? "certificate" : "lessCertificate", ends: stricter(before, after) };
    return { ends: false, ...(EFFECTS[policy]?.(before, after) ?? { effect: "unknown" }) };
}
