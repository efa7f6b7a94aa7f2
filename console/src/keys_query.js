// SPDX-License-Identifier: BSD-2-Clause
// From the fields above the table to the filter of ListKeys, and the order of rows. Pure: no
// daemon, no page.
const DAY_S = 86400;

/** The fields when the page opens. */
export const EMPTY_QUERY = Object.freeze({ search: "", status: "", service: "", source: "", endsWithin: 0, unusedFor: 0 });

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
        "expires-before": query.endsWithin ? now_s + query.endsWithin * DAY_S : undefined,
        "unused-since": query.unusedFor ? now_s - query.unusedFor * DAY_S : undefined,
    };
}

/** What a row of the table is sorted by, for each column. */
const SORT_VALUES = {
    name: key => key.name.toLowerCase(),
    id: key => key.id,
    owner: key => key.owner,
    services: key => key.services.join(" "),
    networks: key => key.networks.join(" "),
    status: key => `${key.status} ${key.refused ?? ""}`,
    expires: key => key.expires ?? Number.MAX_SAFE_INTEGER, // "never" is later than all
    "last-used": key => key["last-used"] ?? 0,
    uses: key => key.uses,
    updated: key => key.updated,
    created: key => key.created,
};

/** The columns that can be sorted. */
export const SORTABLE = Object.keys(SORT_VALUES);

/** A sorted copy of rows. Rows that are equal stay in the order of their ids. */
export function sorted(rows, column, descending) {
    const value = SORT_VALUES[column], sign = descending ? -1 : 1;

    if (!value)
        return rows;
    return rows.map(row => [value(row), row]).sort(([a], [b]) => a < b ? -sign : a > b ? sign : 0).map(([, row]) => row);
}
