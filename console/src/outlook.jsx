// SPDX-License-Identifier: BSD-2-Clause
// How many keys there are of each status, and what ends next.
import { plain } from "./control.js";
import { useAnswer, useChanges, useShared } from "./context.js";
import { number, now_s } from "./format.js";
import { listKeys } from "./key_list.js";
import { Card, CardBody, CardTitle } from "./pf.js";
import { T } from "./strings.js";
import { Failure, Foreign, When } from "./widgets.jsx";

const SHOWN = 5;
const SOON_S = 90 * 86400;

/** Keys by status. Administrators alone see the numbers. */
export function Shares() {
    const { control } = useShared();
    const answer = useAnswer(async () => plain((await control.call("GetStatus"))[0]), [control]);
    const counts = ["active", "idle", "expired", "revoked"].map(word => [word, answer.value?.[`keys-${word}`] ?? 0]);
    const most = Math.max(1, ...counts.map(([, count]) => count));

    useChanges(answer.again);
    return <Card>
        <CardTitle component="h2">{T.events.byStatus}</CardTitle>
        <CardBody>
            <Failure error={answer.error} />
            <dl className="wfa-bars">
                {counts.map(([word, count]) => [
                    <dt key={word}>{T.status[word]}</dt>,
                    <dd key={`${word}-bar`}>
                        <meter min={0} max={most} value={count} aria-label={T.status[word]} /> {number(count)}
                    </dd>,
                ])}
            </dl>
        </CardBody>
    </Card>;
}

/** The first to end of the keys that end soon; of certificates and lists the daemon tells the next one. */
async function endings(control, isAdmin) {
    const now = now_s();
    const [soon] = await listKeys(control, { status: "active", "ends-before": now + SOON_S, sort: "expires", limit: SHOWN });
    const keys = soon.map(({ id, name, owner, expires }) => ({ key: id, name, owner, at: expires }));

    if (!isAdmin)
        return keys;
    const metrics = plain((await control.call("GetMetrics"))[0]);
    const others = [["certificate", "next-certificate-expiry"], ["crl", "next-crl-expiry"]]
        .filter(([, metric]) => metrics[metric] !== undefined && metrics[metric] < now + SOON_S)
        .map(([what, metric]) => ({ what, at: metrics[metric] }));

    return [...keys, ...others].sort((a, b) => a.at - b.at);
}

/** What ends next. */
export function Ends() {
    const { control, isAdmin } = useShared();
    const answer = useAnswer(() => endings(control, isAdmin), [control, isAdmin]);

    useChanges(answer.again);
    return <Card>
        <CardTitle component="h2">{T.events.endsNext}</CardTitle>
        <CardBody>
            <Failure error={answer.error} />
            {answer.value?.length === 0 && <p className="wfa-quiet">{T.events.nothingEnds}</p>}
            <ul className="wfa-ends">
                {answer.value?.map(item =>
                    <li key={item.key ?? item.what}>
                        <When at={item.at} relative />{" "}
                        {item.key
                            ? <><a href={`#/keys/${item.key}`}><Foreign>{item.name}</Foreign></a> <Foreign>{item.owner}</Foreign></>
                            : <a href="#/certificates">{T.events.ends[item.what]}</a>}
                    </li>)}
            </ul>
        </CardBody>
    </Card>;
}
