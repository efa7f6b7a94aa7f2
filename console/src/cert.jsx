// SPDX-License-Identifier: BSD-2-Clause
// One certificate: its nine details in their order, its thumbprint, its revocation list, and the
// keys that are bound to it.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import { CertStatus } from "./certs.jsx";
import { plain } from "./control.js";
import { useAnswer, useShared } from "./context.js";
import { day, number, span } from "./format.js";
import { listKeys } from "./key_list.js";
import { CALL_ROWS } from "./key_pages.js";
import {
    Breadcrumb, BreadcrumbItem, Button, Card, CardBody, CardTitle, DescriptionList, DescriptionListDescription,
    DescriptionListGroup, DescriptionListTerm, Title,
} from "./pf.js";
import { T } from "./strings.js";
import { Failure, Foreign, Status, Waiting } from "./widgets.jsx";

/** The nine details. The order is that of wfapikeyctl cert show. */
const DETAILS = [
    "subject-common-name", "subject-organization", "subject-organization-unit",
    "issuer-common-name", "issuer-organization", "issuer-organization-unit",
    "serial", "issued", "expires",
];
const PAGES_MAX = 100;

const isTime = name => name === "issued" || name === "expires";

const Property = ({ name, children }) =>
    <DescriptionListGroup>
        <DescriptionListTerm>{name}</DescriptionListTerm>
        <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>;

const Details = ({ item }) =>
    <Card>
        <CardTitle component="h2">{T.certs.details}</CardTitle>
        <CardBody>
            <DescriptionList isHorizontal isCompact horizontalTermWidthModifier={{ default: "14ch", md: "30ch" }}>
                {DETAILS.map(name =>
                    <Property key={name} name={T.certs.detail[name]}>
                        {isTime(name)
                            ? `${day(item[name])} (${span(item[name])})`
                            : <Foreign whole>{item[name] || "-"}</Foreign>}
                    </Property>)}
                <Property name={T.certs.thumbprint}><code className="wfa-whole">{item.thumbprint}</code></Property>
                <Property name={T.certs.keyType}>{item["key-type"]}</Property>
            </DescriptionList>
        </CardBody>
    </Card>;

const List = ({ item }) => item.kind !== "ca" ? null
    : <Card>
        <CardTitle component="h2">{T.certs.list}</CardTitle>
        <CardBody>
            {item["crl-issued"] === undefined ? T.certs.noList
                : <DescriptionList isHorizontal isCompact>
                    <Property name={T.certs.listIssued}>{day(item["crl-issued"])}</Property>
                    <Property name={T.certs.listExpires}>
                        {item["crl-expires"] === undefined ? T.never : `${day(item["crl-expires"])} (${span(item["crl-expires"])})`}
                    </Property>
                    <Property name={T.certs.listRevoked}>{number(item["crl-revoked"])}</Property>
                </DescriptionList>}
        </CardBody>
    </Card>;

/** The keys that are bound to a certificate. The daemon has no filter for it, so pages are looked through. */
async function boundKeys(control, item) {
    const found = [];
    let after;

    for (let i = 0; i < PAGES_MAX && found.length < item.keys; i++) {
        const [rows, next] = await listKeys(control, { limit: CALL_ROWS, after });

        found.push(...rows.filter(({ certificate }) => certificate === item.thumbprint));
        if (!next)
            break;
        after = next;
    }
    return found;
}

function Bound({ item }) {
    const { control } = useShared();
    const answer = useAnswer(() => boundKeys(control, item), [control, item]);

    return <Card>
        <CardTitle component="h2">{T.certs.bound(item.keys)}</CardTitle>
        <CardBody>
            <Failure error={answer.error} />
            {answer.value?.map(key =>
                <p key={key.id}>
                    <a href={`#/keys/${key.id}`}><Foreign>{key.name}</Foreign> <code>{key.id}</code></a> <Foreign>{key.owner}</Foreign> <Status item={key} />
                </p>)}
            {!answer.value && answer.loading && <Waiting />}
        </CardBody>
    </Card>;
}

function Remove({ item, close }) {
    const { control, notify, go } = useShared();
    const act = async () => {
        await control.call("RemoveCertificate", item.thumbprint);
        notify(T.certs.removed);
        go(["certificates"]);
    };

    return <Ask title={T.certs.removeTitle} submit={T.certs.remove} danger act={act} close={close}><p>{T.certs.removeText(item.keys)}</p></Ask>;
}

/** The page of one certificate. */
export function CertPage({ id }) {
    const { control } = useShared();
    const [removing, setRemoving] = useState(false);
    const answer = useAnswer(async () => plain((await control.call("GetCertificate", id))[0]), [control, id]);
    const item = answer.value;
    const back = <BreadcrumbItem to="#/certificates">{T.certs.title}</BreadcrumbItem>;

    if (!item)
        return answer.loading ? <Waiting /> : <><Breadcrumb>{back}</Breadcrumb><Failure error={answer.error} /></>;
    return <>
        <Breadcrumb>{back}<BreadcrumbItem isActive><Foreign>{item.name}</Foreign></BreadcrumbItem></Breadcrumb>
        <div className="wfa-head">
            <Title headingLevel="h1"><Foreign>{item.name}</Foreign></Title>
            <CertStatus item={item} />
            <span>{T.certs.kinds[item.kind]}</span>
            <span className="wfa-actions"><Button variant="danger" onClick={() => setRemoving(true)}>{T.certs.remove}</Button></span>
        </div>
        <Details item={item} />
        <List item={item} />
        <Bound item={item} />
        {removing && <Remove item={item} close={() => setRemoving(false)} />}
    </>;
}
