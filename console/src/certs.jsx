// SPDX-License-Identifier: BSD-2-Clause
// The registered certificates.
import { useState } from "react";
import CertificateIcon from "@patternfly/react-icons/dist/esm/icons/certificate-icon";
import { CertUpload } from "./cert_upload.jsx";
import { plain } from "./control.js";
import { useAnswer, useChanges, useShared } from "./context.js";
import { number } from "./format.js";
import { Button, Label, Table, Tbody, Td, Th, Thead, Tr } from "./pf.js";
import { T } from "./strings.js";
import { Failure, Foreign, Nothing, Waiting, When } from "./widgets.jsx";

const COLORS = { valid: "green", expired: "grey", revoked: "red", "not yet valid": "orange", "without root": "orange" };

/** The status of a certificate. */
export const CertStatus = ({ item }) =>
    <span><Label isCompact color={COLORS[item.status] ?? "grey"}>{T.certs.status[item.status] ?? item.status}</Label></span>;

const CELLS = {
    name: cert => <a href={`#/certificates/${cert.thumbprint}`}><Foreign>{cert.name}</Foreign></a>,
    kind: cert => T.certs.kinds[cert.kind] ?? cert.kind,
    status: cert => <CertStatus item={cert} />,
    subject: cert => <Foreign>{cert["subject-common-name"] || cert.subject}</Foreign>,
    issuer: cert => <Foreign>{cert["issuer-common-name"]}</Foreign>,
    expires: cert => <When at={cert.expires} relative />,
    keys: cert => number(cert.keys),
};

const CertTable = ({ certs }) =>
    <Table variant="compact" gridBreakPoint="grid-md" aria-label={T.certs.title}>
        <Thead><Tr>{Object.keys(CELLS).map(column => <Th key={column}>{T.certs.columns[column]}</Th>)}</Tr></Thead>
        <Tbody>
            {certs.map(cert =>
                <Tr key={cert.thumbprint}>
                    {Object.entries(CELLS).map(([column, cell]) => <Td key={column} dataLabel={T.certs.columns[column]}>{cell(cert)}</Td>)}
                </Tr>)}
        </Tbody>
    </Table>;

/** All certificates, and how to add one. */
export function CertsPage() {
    const { control } = useShared();
    const [adding, setAdding] = useState(false);
    const answer = useAnswer(async () => (await control.call("ListCertificates"))[0].map(plain), [control]);

    useChanges(answer.again);
    return <>
        <div className="wfa-bar"><Button variant="primary" onClick={() => setAdding(true)}>{T.certs.add}</Button></div>
        <Failure error={answer.error} />
        {!answer.value && answer.loading && <Waiting />}
        {answer.value?.length > 0 && <CertTable certs={answer.value} />}
        {answer.value?.length === 0 && <Nothing title={T.certs.none} icon={CertificateIcon}>{T.certs.noneText}</Nothing>}
        {adding && <CertUpload close={done => { setAdding(false); if (done) answer.again(); }} />}
    </>;
}
