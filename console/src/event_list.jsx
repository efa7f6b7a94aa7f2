// SPDX-License-Identifier: BSD-2-Clause
// Events of the audit log as a table. Their texts come from clients and attackers: they are shown as
// text.
import { briefly, moment } from "./format.js";
import { Label, Table, Tbody, Td, Th, Thead, Tr } from "./pf.js";
import { T, reasonText } from "./strings.js";
import { Foreign } from "./widgets.jsx";

const COLORS = { accepted: "green", refused: "red", done: "blue" };

const What = ({ event }) =>
    <span>
        <Label isCompact color={COLORS[event.verdict] ?? "grey"}>{T.verdicts[event.verdict] ?? event.verdict}</Label>
        {" "}{T.eventWords[event.event] ?? event.event}
        {event.count > 1 && <> × {event.count}</>}
    </span>;

const Time = ({ at }) => <time dateTime={new Date(at * 1000).toISOString()} title={moment(at)}>{briefly(at)}</time>;

const Why = ({ event }) =>
    <>
        {event.reason && <span>{reasonText(event.reason)} </span>}
        {event.detail && <Foreign whole>{event.detail}</Foreign>}
        {event.verdict === "done" && event.uid !== undefined && <span className="wfa-quiet"> {T.events.by(event.uid, event["login-uid"])}</span>}
    </>;

/**
 * @param {object[]} events in the order to show
 * @param {function} actions what the last column has for an event, if there is one
 */
export const EventList = ({ events, actions }) => events.length === 0 ? <p className="wfa-quiet">{T.events.none}</p>
    : <Table variant="compact" gridBreakPoint="grid-lg" aria-label={T.events.title} className="wfa-events">
        <Thead>
            <Tr>
                {["at", "what", "key", "user", "service", "rhost", "why"].map(column =>
                    <Th key={column} modifier="nowrap" width={column === "why" ? 30 : undefined}>{T.events.columns[column]}</Th>)}
                {actions && <Th screenReaderText={T.events.columns.actions} />}
            </Tr>
        </Thead>
        <Tbody>
            {events.map(event =>
                <Tr key={event.seq}>
                    <Td dataLabel={T.events.columns.at} modifier="nowrap"><Time at={event.until ?? event.at} /></Td>
                    <Td dataLabel={T.events.columns.what}><What event={event} /></Td>
                    <Td dataLabel={T.events.columns.key}>{event.key && <a href={`#/keys/${event.key}`}><code>{event.key}</code></a>}</Td>
                    <Td dataLabel={T.events.columns.user}><Foreign>{event.user}</Foreign></Td>
                    <Td dataLabel={T.events.columns.service}><Foreign>{event.service}</Foreign></Td>
                    <Td dataLabel={T.events.columns.rhost}><Foreign>{event.rhost}</Foreign></Td>
                    <Td dataLabel={T.events.columns.why}><Why event={event} /></Td>
                    {actions && <Td>{actions(event)}</Td>}
                </Tr>)}
        </Tbody>
    </Table>;
