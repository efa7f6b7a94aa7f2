// SPDX-License-Identifier: BSD-2-Clause
// The fields above the table of keys.
import { EMPTY_QUERY, isFiltered } from "./keys_query.js";
import { Button, FormSelect, FormSelectOption, SearchInput, TextInput } from "./pf.js";
import { T } from "./strings.js";

const ENDS_WITHIN = [0, 1, 7, 14, 30, 90];
const UNUSED_FOR = [0, 30, 90, 180, 365];

const Choice = ({ label, name, query, change, options }) =>
    <FormSelect aria-label={label} value={query[name]} onChange={(_event, value) =>
            change({ ...query, [name]: typeof EMPTY_QUERY[name] === "number" ? Number(value) : value })}>
            {options.map(([value, text]) => <FormSelectOption key={value} value={value} label={text} />)}
    </FormSelect>;

export function KeysFilters({ query, change }) {
    const set = name => (_event, value) => change({ ...query, [name]: value });
    const shared = { query, change };

    return <>
        <div className="wfa-search">
            <SearchInput aria-label={T.keys.search} placeholder={T.keys.search} value={query.search}
                onChange={set("search")} onClear={() => change({ ...query, search: "" })} />
        </div>
        <Choice {...shared} label={T.columns.status} name="status"
            options={["", "active", "refused", "idle", "expired", "revoked"].map(word => [word, word ? T.status[word] : T.keys.anyStatus])} />
        <Choice {...shared} label={T.keys.endsLabel} name="endsWithin" options={ENDS_WITHIN.map(days => [days, T.keys.endsWithin(days)])} />
        <Choice {...shared} label={T.keys.unusedLabel} name="unusedFor" options={UNUSED_FOR.map(days => [days, T.keys.unusedFor(days)])} />
        <div className="wfa-short">
            <TextInput aria-label={T.keys.service} placeholder={T.keys.service} value={query.service} onChange={set("service")} />
        </div>
        <div className="wfa-short">
            <TextInput aria-label={T.keys.source} placeholder={T.keys.source} value={query.source} onChange={set("source")} />
        </div>
        <div className="wfa-short">
            <TextInput aria-label={T.keys.realm} placeholder={T.keys.realm} value={query.realm} onChange={set("realm")} />
        </div>
        {isFiltered(query) &&
            <Button variant="link" onClick={() => change(EMPTY_QUERY)}>{T.keys.reset}</Button>}
    </>;
}
