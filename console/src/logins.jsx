// SPDX-License-Identifier: BSD-2-Clause
// A chart of the logins of the last day, accepted and refused, for each hour.
import { useEffect, useState } from "react";
import { dict } from "./control.js";
import { useShared } from "./context.js";
import { eachPage } from "./event_pages.js";
import { addLogins, emptyHours, HOURS } from "./event_query.js";
import { hour, number, now_s } from "./format.js";
import { Card, CardBody, CardTitle } from "./pf.js";
import { T } from "./strings.js";
import { Failure } from "./widgets.jsx";

const WIDTH = 480, HEIGHT = 120, BAR = WIDTH / HOURS;

function useHours() {
    const { control } = useShared();
    const [hours, setHours] = useState(() => emptyHours(now_s()));
    const [error, setError] = useState(null);

    useEffect(() => {
        let gone = false;
        // An event that comes meanwhile can be on the pages as well.
        const seen = new Set();
        const take = events => {
            const fresh = events.filter(({ seq }) => !seen.has(seq));

            fresh.forEach(({ seq }) => seen.add(seq));
            if (!gone)
                setHours(old => addLogins(old, fresh));
            return !gone;
        };
        const stop = control.follow(event => take([event]));
        const start = emptyHours(now_s());

        setHours(start);
        eachPage(filter => control.call("ListAudit", dict(filter, { after: "t" })), { since: start[0].from }, take)
            .catch(failure => !gone && setError(failure));
        return () => { gone = true; stop(); };
    }, [control]);
    return [hours, error];
}

function Bar({ item, index, most }) {
    const accepted = item.accepted / most * HEIGHT, refused = item.refused / most * HEIGHT;
    const x = index * BAR + 2, width = BAR - 4;

    return <g>
        <title>{T.events.hour(hour(item.from), number(item.accepted), number(item.refused))}</title>
        <rect x={index * BAR} y={0} width={BAR} height={HEIGHT} fill="transparent" />
        <rect className="wfa-accepted" x={x} y={HEIGHT - accepted} width={width} height={accepted} />
        <rect className="wfa-refused" x={x} y={HEIGHT - accepted - refused} width={width} height={refused} />
    </g>;
}

const sum = (hours, verdict) => hours.reduce((total, item) => total + item[verdict], 0);

/** The card with the chart. */
export function Logins() {
    const [hours, error] = useHours();
    const most = Math.max(1, ...hours.map(({ accepted, refused }) => accepted + refused));
    const text = T.events.sums(number(sum(hours, "accepted")), number(sum(hours, "refused")));

    return <Card>
        <CardTitle component="h2">{T.events.logins}</CardTitle>
        <CardBody>
            <Failure error={error} />
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 24}`} role="img" aria-label={`${T.events.logins}: ${text}`} className="wfa-chart">
                {hours.map((item, index) => <Bar key={item.from} item={item} index={index} most={most} />)}
                <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} className="wfa-axis" />
                {hours.map((item, index) => index % 6 === 0 && <text key={item.from} x={index * BAR} y={HEIGHT + 18}>{hour(item.from)}</text>)}
            </svg>
            <p><span className="wfa-dot wfa-accepted" aria-hidden="true" /><span className="wfa-dot wfa-refused" aria-hidden="true" /> {text}</p>
        </CardBody>
    </Card>;
}
