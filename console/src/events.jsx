// SPDX-License-Identifier: BSD-2-Clause
// What happened and what happens now: events of the audit log, with what administrators do about
// them.
import { useCallback, useEffect, useState } from "react";
import { dict, plain } from "./control.js";
import { useAnswer, useSettled, useShared } from "./context.js";
import { EndKeys } from "./end_keys.jsx";
import { EventList } from "./event_list.jsx";
import { newestEvents } from "./event_pages.js";
import { EMPTY_EVENTS, eventFilter, fits } from "./event_query.js";
import { now_s } from "./format.js";
import { Logins } from "./logins.jsx";
import { Ends, Shares } from "./outlook.jsx";
import { Button, Checkbox, FormSelect, FormSelectOption, TextInput } from "./pf.js";
import { T } from "./strings.js";
import { Failure, Waiting } from "./widgets.jsx";

const SHOWN = 100;
const TYPING_MS = 300;
const TURN_MS = 250;

/** The newest events that pass the fields, and those that come while the page is open. */
function useEvents(query, live) {
    const { control } = useShared();
    const [come, setCome] = useState([]);
    const answer = useAnswer(async () => {
        setCome([]);
        return newestEvents(filter => control.call("ListAudit", dict(filter, { after: "t" })), eventFilter(query, now_s()), SHOWN, now_s());
    }, [control, query]);

    useEffect(() => {
        let waiting = [], timer = null;

        if (!live)
            return undefined;
        // Many may come at once; the page turns a few times a second.
        const stop = control.follow(event => {
            if (!fits(query, event))
                return;
            waiting = [event, ...waiting].slice(0, SHOWN);
            timer ??= setTimeout(() => {
                const batch = waiting;

                waiting = [];
                timer = null;
                setCome(old => [...batch, ...old].slice(0, SHOWN));
            }, TURN_MS);
        });

        return () => { stop(); clearTimeout(timer); };
    }, [control, query, live]);
    const known = new Set(come.map(({ seq }) => seq));
    const events = answer.value && [...come, ...answer.value.filter(({ seq }) => !known.has(seq))].slice(0, SHOWN);

    return { ...answer, events };
}

function Filters({ query, set, live, setLive }) {
    const field = name => <div key={name} className="wfa-short">
        <TextInput aria-label={T.events.columns[name]} placeholder={T.events.columns[name]}
            value={query[name]} onChange={(_event, value) => set({ ...query, [name]: value })} />
    </div>;

    return <div className="wfa-bar" role="search">
        {["key", "user", "service"].map(field)}
        <FormSelect aria-label={T.events.verdict} value={query.verdict} onChange={(_event, verdict) => set({ ...query, verdict })}>
            <FormSelectOption value="" label={T.events.anyVerdict} />
            {Object.entries(T.verdicts).map(([word, text]) => <FormSelectOption key={word} value={word} label={text} />)}
        </FormSelect>
        <FormSelect aria-label={T.events.since} value={query.since} onChange={(_event, since) => set({ ...query, since: Number(since) })}>
            {Object.entries(T.events.times).map(([seconds, text]) => <FormSelectOption key={seconds} value={seconds} label={text} />)}
        </FormSelect>
        <Checkbox id="events-live" label={T.events.live} isChecked={live} onChange={(_event, on) => setLive(on)} />
    </div>;
}

/** Events, the logins of the last day, and what ends next. */
export function EventsPage() {
    const { control, notify, isAdmin } = useShared();
    const [query, setQuery] = useState(EMPTY_EVENTS);
    const [live, setLive] = useState(true);
    const [ending, setEnding] = useState(null);
    const settled = useSettled(query, TYPING_MS);
    const { events, error } = useEvents(settled, live);
    const revoke = useCallback(async id => {
        try {
            setEnding(plain((await control.call("GetKey", id))[0]));
        } catch (failure) {
            notify(failure.message, "warning");
        }
    }, [control, notify]);
    const actions = event => event.key && event.event === "login"
        && <Button variant="link" isInline isDanger onClick={() => revoke(event.key)} aria-label={T.events.revoke(event.key)}>{T.revoke.one}</Button>;

    return <>
        <div className="wfa-columns">
            <Logins />
            {isAdmin && <Shares />}
            <Ends />
        </div>
        <Filters query={query} set={setQuery} live={live} setLive={setLive} />
        <Failure error={error} />
        {events ? <EventList events={events} actions={actions} /> : !error && <Waiting />}
        {ending && <EndKeys kind="revoke" keys={[ending]} close={() => setEnding(null)} />}
    </>;
}
