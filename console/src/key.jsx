// SPDX-License-Identifier: BSD-2-Clause
// One key: its rules, its life, its events, whether a login with it would succeed, and how it ends.
import { useState } from "react";
import { dict, plain } from "./control.js";
import { useAnswer, useChanges, useShared } from "./context.js";
import { EndKeys } from "./end_keys.jsx";
import { EventList } from "./event_list.jsx";
import { newestEvents } from "./event_pages.js";
import { now_s, number } from "./format.js";
import { KeyActions } from "./key_actions.jsx";
import { KeyExplain } from "./key_explain.jsx";
import {
    Breadcrumb, BreadcrumbItem, Button, Card, CardBody, CardTitle, DescriptionList, DescriptionListDescription,
    DescriptionListGroup, DescriptionListTerm, Title,
} from "./pf.js";
import { T, reasonText } from "./strings.js";
import { Failure, Foreign, Status, Waiting, When, idleEnd } from "./widgets.jsx";

const EVENTS = 20;

const Property = ({ name, children }) =>
    <DescriptionListGroup>
        <DescriptionListTerm>{name}</DescriptionListTerm>
        <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>;

const KeyLink = ({ id }) => <a href={`#/keys/${id}`}><code>{id}</code></a>;

const Words = ({ items, all }) => items.length ? items.join(", ") : <span className="wfa-quiet">{all}</span>;

const Rules = ({ item }) =>
    <Card>
        <CardTitle component="h2">{T.key.rules}</CardTitle>
        <CardBody>
            <DescriptionList isHorizontal isCompact>
                <Property name={T.columns.owner}><Foreign whole>{item.owner}</Foreign></Property>
                {item.realm && <Property name={T.keys.realm}>{item.realm}</Property>}
                {item["linked-user"] !== item.owner && <Property name={T.key.linked}><Foreign whole>{item["linked-user"]}</Foreign></Property>}
                <Property name={T.columns.services}><Words items={item.services} all={T.all} /></Property>
                <Property name={T.columns.networks}><Words items={item.networks} all={T.everywhere} /></Property>
                <Property name={T.columns.expires}><When at={item.expires} none={T.never} /></Property>
                {idleEnd(item) !== undefined && <Property name={T.key.idleEnds}><When at={item.idle} relative /></Property>}
                <Property name={T.key.certificate}>{T.key.needs[item["require-certificate"] ?? "no"]}</Property>
                {item.certificate && <Property name={T.key.bound}><code className="wfa-whole">{item.certificate}</code></Property>}
            </DescriptionList>
        </CardBody>
    </Card>;

const Life = ({ item }) =>
    <Card>
        <CardTitle component="h2">{T.key.life}</CardTitle>
        <CardBody>
            <DescriptionList isHorizontal isCompact>
                <Property name={T.columns.created}><When at={item.created} /></Property>
                <Property name={T.columns.updated}><When at={item.updated} /></Property>
                {item.origin && <Property name={T.key.origin}>{item.origin}</Property>}
                {item.predecessor && <Property name={T.key.predecessor}><KeyLink id={item.predecessor} /></Property>}
                {item.successor && <Property name={T.key.successor}><KeyLink id={item.successor} /></Property>}
                {item.retires && <Property name={T.key.retires}><When at={item.retires} relative /></Property>}
                {item["retires-on-use"] && <Property name={T.key.retires}>{T.key.onUse}</Property>}
                <Property name={T.columns["last-used"]}><When at={item["last-used"]} none={T.never} relative /></Property>
                {item["last-service"] && <Property name={T.key.lastBy}>{T.key.by(item["last-service"], item["last-rhost"])}</Property>}
                <Property name={T.columns.uses}>{number(item.uses)}</Property>
            </DescriptionList>
        </CardBody>
    </Card>;

/** What is to be known before all else. */
function Ending({ item }) {
    const { isAdmin } = useShared();

    if (item.status === "active" && item.refused)
        return <p className="wfa-soon">{reasonText(item.refused)}</p>;
    if (item.status === "revoked" && item.reason)
        return <p>{T.key.revokedFor} <Foreign whole>{item.reason}</Foreign></p>;
    if (item.status === "idle")
        return <p className="wfa-soon">{T.key.idleSince} <When at={item.idle} none="" />. {isAdmin ? T.key.revivable : T.key.askRevive}</p>;
    return null;
}

function Head({ item, end, changed }) {
    const { isAdmin } = useShared();
    const lives = item.status === "active" || item.status === "idle";

    return <>
        <Breadcrumb>
            <BreadcrumbItem to="#/keys">{T.keys.title}</BreadcrumbItem>
            <BreadcrumbItem isActive><Foreign>{item.name}</Foreign></BreadcrumbItem>
        </Breadcrumb>
        <div className="wfa-head">
            <Title headingLevel="h1"><Foreign>{item.name}</Foreign></Title>
            <code>{item.id}</code>
            <Status item={item} />
            <span className="wfa-actions">
                {item.status === "active" && <KeyActions item={item} changed={changed} />}
                {item.status === "idle" && isAdmin && <Button variant="primary" onClick={() => end("revive")}>{T.revive.one}</Button>}
                {lives && <Button variant="danger" onClick={() => end("revoke")}>{T.revoke.one}</Button>}
                {item.status !== "active" && <Button variant="secondary" onClick={() => end("remove")}>{T.remove.one}</Button>}
            </span>
        </div>
    </>;
}

function KeyEvents({ id }) {
    const { control } = useShared();
    const answer = useAnswer(() => newestEvents(filter => control.call("ListAudit", dict(filter, { after: "t" })), { key: id }, EVENTS, now_s()), [control, id]);

    useChanges(answer.again);
    return <Card>
        <CardTitle component="h2">{T.key.events}</CardTitle>
        <CardBody>
            <Failure error={answer.error} />
            {answer.value ? <EventList events={answer.value} /> : answer.loading && <Waiting />}
        </CardBody>
    </Card>;
}

export function KeyPage({ id }) {
    const { control, go } = useShared();
    const [ending, setEnding] = useState(null);
    const answer = useAnswer(async () => plain((await control.call("GetKey", id))[0]), [control, id]);
    const item = answer.value;

    useChanges(answer.again);
    if (!item) {
        return answer.loading ? <Waiting /> : <>
            <Breadcrumb><BreadcrumbItem to="#/keys">{T.keys.title}</BreadcrumbItem></Breadcrumb>
            <Failure error={answer.error} title={T.key.none} />
        </>;
    }
    return <>
        <Head item={item} end={setEnding} changed={answer.again} />
        <Ending item={item} />
        <div className="wfa-columns"><Rules item={item} /><Life item={item} /></div>
        <KeyExplain item={item} />
        <KeyEvents id={id} />
        {ending && <EndKeys kind={ending} keys={[item]} close={done => {
            setEnding(null);
            if (done && ending === "remove")
                go(["keys"]);
            else
                answer.again();
        }} />}
    </>;
}
