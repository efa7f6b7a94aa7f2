// SPDX-License-Identifier: BSD-2-Clause
// The rows of keys. What is in them comes from the daemon; what was chosen by users is shown as text.
import { useShared } from "./context.js";
import { number } from "./format.js";
import { InnerScrollContainer, Table, Tbody, Td, Th, Thead, Tr } from "./pf.js";
import { T } from "./strings.js";
import { Expires, Foreign, Several, Status, When } from "./widgets.jsx";

/** What each column shows of a key. */
const CELLS = {
    name: key => <Foreign>{key.name}</Foreign>,
    id: key => <code>{key.id}</code>,
    owner: key => <Foreign>{key.owner}</Foreign>,
    services: key => <Several items={key.services} all={T.all} />,
    networks: key => <Several items={key.networks} all={T.everywhere} />,
    status: key => <Status item={key} />,
    expires: key => <Expires item={key} />,
    "last-used": key => <When at={key["last-used"]} none={T.never} relative />,
    uses: key => number(key.uses),
    updated: key => <When at={key.updated} />,
    created: key => <When at={key.created} />,
};
/** The columns, in their order. */
export const COLUMNS = Object.keys(CELLS);

function Header({ rows, sort, setSort, selected, toggle }) {
    const all = rows.every(key => selected.has(key.id));
    const sortOf = (column, index) => ({
        sortBy: { index: COLUMNS.indexOf(sort.column), direction: sort.descending ? "desc" : "asc" },
        onSort: (_event, _index, direction) => setSort({ column, descending: direction === "desc" }),
        columnIndex: index,
    });

    return <Thead>
        <Tr>
            <Th aria-label={T.keys.selectAll} select={{ isSelected: all, onSelect: (_event, on) => toggle(rows, on) }} />
            {COLUMNS.map((column, index) => <Th key={column} sort={sortOf(column, index)} modifier="nowrap">{T.columns[column]}</Th>)}
        </Tr>
    </Thead>;
}

function Row({ item, index, isSelected, toggle }) {
    const { go } = useShared();
    const show = event => { event.preventDefault(); go(["keys", item.id]); };

    return <Tr isRowSelected={isSelected}>
        <Td select={{ rowIndex: index, isSelected, onSelect: (_event, on) => toggle([item], on) }} />
        {COLUMNS.map(column =>
            <Td key={column} dataLabel={T.columns[column]} modifier={column === "services" || column === "networks" ? undefined : "nowrap"}>
                {column === "name"
                    ? <a href={`#/keys/${item.id}`} onClick={show}>{CELLS.name(item)}</a>
                    : CELLS[column](item)}
            </Td>)}
    </Tr>;
}

export const KeysTable = ({ rows, sort, setSort, selected, toggle }) =>
    <InnerScrollContainer>
        <Table variant="compact" gridBreakPoint="grid-lg" aria-label={T.keys.title}>
            <Header {...{ rows, sort, setSort, selected, toggle }} />
            <Tbody>
                {rows.map((key, index) => <Row key={key.id} item={key} index={index} isSelected={selected.has(key.id)} toggle={toggle} />)}
            </Tbody>
        </Table>
    </InnerScrollContainer>;
