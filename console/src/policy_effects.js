// SPDX-License-Identifier: BSD-2-Clause
// What a change of the policy does to keys that exist, and which of them have to be counted to say
// how many. Pure: the page counts and asks.
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

/** For each policy: what word of strings tells the effect, which keys to count, and whether keys end or are refused. */
const EFFECTS = {
    "account-grace": (before, after) => ({ effect: "grace", count: { status: "refused" }, ends: shorter(before, after) }),
    "admin-keys": (_before, after) => after === "no"
        ? { effect: "adminsRefused", count: "admins", ends: true }
        : { effect: "adminsAccepted", count: "admins" },
    enabled: (_before, after) => after === "no"
        ? { effect: "switchedOff", count: { status: "active" }, ends: true }
        : { effect: "switchedOn", count: { status: "active" } },
    lifetime: () => ({ effect: "lifetime", count: { status: "active" } }),
    "max-keys-per-user": () => ({ effect: "newOnly" }),
    "max-lifetime": () => ({ effect: "newOnly" }),
    "password-issue": () => ({ effect: "newOnly" }),
    "remove-on-password-expiry": (_before, after) => after === "yes"
        ? { effect: "passwords", count: { status: "active" }, ends: true }
        : { effect: "passwordsOff" },
    retention: (before, after) => ({ effect: "retention", count: "ended", ends: shorter(before, after) }),
};

/**
 * The effect of a change.
 * @returns {{effect: string, count, ends: boolean}} count is a filter of ListKeys, "admins", "ended",
 *     or absent where no key is touched. ends: somebody may lose access, or keys are gone.
 */
export function effectOf(name, before, after) {
    const [, service] = name.split(":");

    if (name.startsWith("require-certificate"))
        return {
            effect: stricter(before, after) ? "certificate" : "lessCertificate",
            count: { status: "active", services: service ? [service, "any"] : undefined },
            ends: stricter(before, after),
        };
    return { ends: false, ...(EFFECTS[name]?.(before, after) ?? { effect: "unknown" }) };
}
