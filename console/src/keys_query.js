// SPDX-License-Identifier: BSD-2-Clause
// From the fields above the table to the filter of ListKeys, and its order. Pure: no
// daemon, no page.
const DAY_S = 86400;

/** The fields when the page opens. */
export const EMPTY_QUERY = Object.freeze({ search: "", status: "", service: "", source: "", realm: "", endsWithin: 0, unusedFor: 0 });

/** Whether any field is set. */
export const isFiltered = query => Object.keys(EMPTY_QUERY).some(name => query[name] !== EMPTY_QUERY[name]);

/**
 * The filter of ListKeys.
 * @param {object} query fields as in EMPTY_QUERY; endsWithin and unusedFor in days, 0 for any
 * @param {number} now_s UNIX seconds
 */
export function filterOf(query, now_s) {
    // A key that has ended also has an expiry before that day. It is not what is looked for.
    const status = query.status || (query.endsWithin ? "active" : "");

    return {
        search: query.search.trim() || undefined,
        status: status || undefined,
        services: query.service.trim() ? [query.service.trim()] : undefined,
        source: query.source.trim() || undefined,
        realm: query.realm.trim() || undefined,
        "ends-before": query.endsWithin ? now_s + query.endsWithin * DAY_S : undefined,
        "unused-since": query.unusedFor ? now_s - query.unusedFor * DAY_S : undefined,
    };
}

/** The order of ListKeys. The daemon lists by id without looking at more keys than it shows. */
export const orderOf = ({ column, descending }) => column === "id" && !descending
    ? {}
    : { sort: column, reverse: descending || undefined };
