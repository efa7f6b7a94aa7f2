// SPDX-License-Identifier: BSD-2-Clause
// The table of keys: which rows it has, what is selected, and what is done with that.
import { useCallback, useEffect, useMemo, useState } from "react";
import KeyIcon from "@patternfly/react-icons/dist/esm/icons/key-icon";
import SearchIcon from "@patternfly/react-icons/dist/esm/icons/search-icon";
import { useAnswer, useChanges, useSettled, useShared } from "./context.js";
import { now_s } from "./format.js";
import { Handout } from "./handout.jsx";
import { Issue } from "./issue.jsx";
import { limitsOf } from "./issue_limits.js";
import { listKeys } from "./key_list.js";
import { KeyPages } from "./key_pages.js";
import { KeysFilters } from "./keys_filters.jsx";
import { EMPTY_QUERY, filterOf, isFiltered, orderOf } from "./keys_query.js";
import { Button, FormSelect, FormSelectOption, Pagination } from "./pf.js";
import { COLUMNS, KeysTable } from "./keys_table.jsx";
import { EndKeys } from "./end_keys.jsx";
import { T } from "./strings.js";
import { Failure, Nothing, Waiting } from "./widgets.jsx";

const TYPING_MS = 100;
/** As many as the daemon revokes with one call. */
const SELECTED_MAX = 1000;

/** The rows from first on, for a query and an order. */
function useRows(query, sort, first, count) {
    const { control } = useShared();
    const open = useCallback((order = orderOf(sort)) => {
        const filter = filterOf(query, now_s());

        return new KeyPages(position => listKeys(control, { ...filter, ...order, ...position }), order.sort !== undefined);
    }, [control, query, sort]);
    const pages = useMemo(() => ({ current: open() }), [open]);
    const answer = useAnswer(async () => {
        let unsorted;

        try {
            await pages.current.upTo(first + count + 1);
        } catch (error) {
            if (error.kind !== "Old")
                throw error;
            // An older daemon lists by id all the same.
            unsorted = error;
            pages.current = open({});
            await pages.current.upTo(first + count + 1);
        }
        const { rows, complete } = pages.current;

        return { rows: rows.slice(first, first + count), loaded: rows.length, complete, unsorted };
    }, [pages, first, count]);
    const reload = useCallback(() => {
        pages.current = open();
        return answer.again();
    }, [pages, open, answer]);

    return { ...answer, reload };
}

function Revive({ selected, end }) {
    const { isAdmin } = useShared();

    return isAdmin && [...selected.values()].some(key => key.status === "idle") &&
        <Button variant="secondary" onClick={() => end("revive")}>{T.revive.one}</Button>;
}

const Actions = ({ selected, end, clear }) => selected.size === 0 ? null
    : <>
        <Button variant="danger" onClick={() => end("revoke")}>{T.keys.revokeSelected(selected.size)}</Button>
        <Revive selected={selected} end={end} />
        <Button variant="secondary" onClick={() => end("remove")}>{T.keys.remove}</Button>
        <Button variant="link" onClick={clear}>{T.keys.clear}</Button>
    </>;

/** The button, and what follows it: the form, and the key that was made. */
function IssueKey({ changed }) {
    const { status } = useShared();
    const [open, setOpen] = useState(false);
    const [made, setMade] = useState(null);

    if (!limitsOf(status).mayIssue)
        return <p className="wfa-quiet">{T.issue.mayNot}</p>;
    return <>
        <Button variant="primary" onClick={() => setOpen(true)}>{T.issue.button}</Button>
        {open && <Issue close={() => setOpen(false)} done={key => {
            setOpen(false);
            setMade(key);
            changed();
        }} />}
        {made && <Handout made={made} close={() => setMade(null)} />}
    </>;
}

const NoKeys = ({ query, reset }) => isFiltered(query)
    ? <Nothing title={T.keys.noMatch} icon={SearchIcon} actions={<Button variant="link" onClick={reset}>{T.keys.reset}</Button>} />
    : <Nothing title={T.keys.none} icon={KeyIcon}>{T.keys.noneText}</Nothing>;

function useSelection() {
    const [selected, setSelected] = useState(new Map());
    const toggle = useCallback((keys, on) => setSelected(old => {
        const next = new Map(old);

        for (const key of keys) {
            if (!on)
                next.delete(key.id);
            else if (next.size < SELECTED_MAX)
                next.set(key.id, key);
        }
        return next;
    }), []);

    return [selected, toggle, useCallback(() => setSelected(new Map()), [])];
}

export function KeysPage() {
    const [query, setQuery] = useState(EMPTY_QUERY);
    const settled = useSettled(query, TYPING_MS);
    const [sort, setSort] = useState({ column: "id", descending: false });
    const [page, setPage] = useState({ number: 1, size: 50 });
    const [selected, toggle, clear] = useSelection();
    const [ending, setEnding] = useState(null);
    const first = (page.number - 1) * page.size;
    const answer = useRows(settled, sort, first, page.size);
    const { value } = answer;

    useEffect(() => setPage(old => ({ ...old, number: 1 })), [settled, sort]);
    useChanges(answer.reload);
    return <>
        <KeysToolbar {...{ query, setQuery, sort, setSort, selected, clear, page, setPage, value }} end={setEnding} reload={answer.reload} />
        <Failure error={answer.error ?? value?.unsorted} />
        {!value && answer.loading && <Waiting />}
        {value?.rows.length > 0 && <KeysTable rows={value.rows} {...{ sort, setSort, selected, toggle }} />}
        {value?.rows.length === 0 && <NoKeys query={settled} reset={() => setQuery(EMPTY_QUERY)} />}
        {ending && <EndKeys kind={ending} keys={[...selected.values()]} close={done => {
            setEnding(null);
            if (done) {
                clear();
                answer.reload();
            }
        }} />}
    </>;
}

/** Where the table is too narrow for heads of columns. */
const Order = ({ sort, setSort }) =>
    <div className="wfa-narrow">
        <FormSelect aria-label={T.keys.sortBy} value={`${sort.column} ${sort.descending}`} onChange={(_event, value) => {
            const [column, descending] = value.split(" ");

            setSort({ column, descending: descending === "true" });
        }}>
            {COLUMNS.flatMap(column => [false, true].map(descending =>
                <FormSelectOption key={`${column} ${descending}`} value={`${column} ${descending}`} label={T.keys.order(T.columns[column], descending)} />))}
        </FormSelect>
    </div>;

function KeysToolbar({ query, setQuery, sort, setSort, selected, clear, page, setPage, value, end, reload }) {
    // How many there are in all is known when the last of them is loaded.
    const total = value?.complete ? { itemCount: value.loaded } : { toggleTemplate: ({ firstIndex, lastIndex }) => `${firstIndex} - ${lastIndex}` };

    return <>
        <div className="wfa-bar" role="search"><KeysFilters query={query} change={setQuery} /></div>
        <div className="wfa-bar">
            <IssueKey changed={reload} />
            <Actions {...{ selected, end, clear }} />
            <Order sort={sort} setSort={setSort} />
            <Pagination isCompact {...total} page={page.number} perPage={page.size} className="wfa-actions"
                perPageOptions={[20, 50, 100, 200].map(size => ({ title: String(size), value: size }))}
                onSetPage={(_event, number_) => setPage({ ...page, number: number_ })}
                onPerPageSelect={(_event, size) => setPage({ number: 1, size })}
                titles={{ paginationAriaLabel: T.keys.pages }} />
        </div>
    </>;
}
