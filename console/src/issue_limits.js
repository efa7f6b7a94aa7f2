// SPDX-License-Identifier: BSD-2-Clause
// What the policy lets a caller issue, and what is wrong with a form before the daemon is asked. The
// daemon decides all the same. Pure.

const UNITS_S = {
    s: 1, m: 60, min: 60, h: 3600, d: 86400, day: 86400, days: 86400, w: 604800, mo: 2592000, month: 2592000, months: 2592000,
    y: 31536000, year: 31536000, years: 31536000,
};

/** The seconds of a duration such as "1d12h" or "6months"; undefined for "none" and for what is no duration. */
export function seconds(text) {
    if (!/^(\d+[a-z]+)+$/.test(text ?? ""))
        return undefined;
    let sum = 0;

    for (const [, count, unit] of text.matchAll(/(\d+)([a-z]+)/g)) {
        if (!(unit in UNITS_S))
            return undefined;
        sum += Number(count) * UNITS_S[unit];
    }
    return sum;
}

/** The lifetimes that are offered. */
export const PRESETS = ["1d", "7d", "30d", "90d", "180d", "1y"];

/**
 * The limits of a caller.
 * @param {object} status of GetStatus
 * @param {object} policy of GetPolicy, where the caller may see it
 */
export function limitsOf(status, policy = {}) {
    const value = name => policy[name] ?? status[name];
    const keys = value("max-keys-per-user");

    return {
        enabled: status.enabled,
        mayIssue: status["may-issue"] ?? true, // an older daemon does not say it
        lifetime: value("lifetime"),
        longest_s: seconds(value("max-lifetime")),
        longest: value("max-lifetime"),
        keys: keys === undefined ? undefined : Number(keys),
        certificate: policy["require-certificate"] ?? "no",
        adminKeys: policy["admin-keys"] !== "no",
    };
}

/** The presets that the policy allows. */
export const allowedPresets = limits => PRESETS.filter(preset => limits.longest_s === undefined || seconds(preset) <= limits.longest_s);

/** The words of a field in which several stand, separated by commas or spaces. */
export const words = text => text.split(/[\s,]+/).filter(word => word !== "");

/** What IssueKey takes for a form. */
export function optionsOf(form) {
    return {
        name: form.name.trim() || undefined,
        expires: form.expires === "date" ? form.date : form.expires || undefined,
        services: [...form.services, ...words(form.others)],
        networks: words(form.networks),
        "require-certificate": form.need === "no" ? undefined : form.need,
        certificate: form.certificate || undefined,
        linked: form.linked.trim() || undefined,
    };
}

/** What is wrong with a form: a list of names of strings. */
export function faultsOf(form, limits, active, now_ms) {
    const faults = [];

    if (!form.user.trim())
        faults.push("noUser");
    if (!limits.enabled)
        faults.push("disabled");
    if (form.user.trim() === "root" && !limits.adminKeys)
        faults.push("adminKeys");
    if (limits.keys !== undefined && active >= limits.keys)
        faults.push("tooMany");
    if (form.expires === "date") {
        const end_ms = Date.parse(form.date);

        if (!(end_ms > now_ms))
            faults.push("past");
        else if (limits.longest_s !== undefined && end_ms - now_ms > limits.longest_s * 1000)
            faults.push("tooLong");
    }
    return faults;
}
