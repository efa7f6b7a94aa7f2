// SPDX-License-Identifier: BSD-2-Clause
// Registers certificates and loads revocation lists from a file. A file with a private key is refused
// here: nothing of it leaves the browser.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import { dict } from "./control.js";
import { useShared } from "./context.js";
import { certificatesOf, crlOf, encode, readFile } from "./pem.js";
import { Alert, FormGroup, FormSelect, FormSelectOption, TextInput } from "./pf.js";
import { T } from "./strings.js";

const FILE_MAX = 1024 * 1024;
const PART = 49152; // of a revocation list, as the daemon takes it

async function loadList(control, bytes) {
    for (let at = 0; at < bytes.length; at += PART)
        await control.call("LoadCrl", encode(bytes.subarray(at, at + PART)), at + PART < bytes.length);
}

/** What is wrong with a file for a kind: a name of strings, or undefined. */
function faultOf(file, kind) {
    if (file.tooBig)
        return "tooBig";
    if (file.secret)
        return "secret";
    if (kind === "crl" ? !crlOf(file.blocks) : certificatesOf(file.blocks).length === 0)
        return kind === "crl" ? "noList" : "noCertificate";
    return undefined;
}

async function take(event) {
    const [file] = event.target.files;

    if (!file)
        return null;
    if (file.size > FILE_MAX)
        return { tooBig: true };
    return readFile(new Uint8Array(await file.arrayBuffer()));
}

/** The dialog. close is called with true when something was added. */
export function CertUpload({ close }) {
    const { control, notify } = useShared();
    const [file, setFile] = useState(null);
    const [kind, setKind] = useState("client");
    const [name, setName] = useState("");
    const fault = file && faultOf(file, kind);
    const act = async () => {
        if (kind === "crl")
            await loadList(control, crlOf(file.blocks));
        else
            await control.call("AddCertificates", certificatesOf(file.blocks), dict({ ca: kind === "ca", name: name.trim() || undefined }));
        notify(T.certs.added[kind]);
        close(true);
    };

    return <Ask title={T.certs.add} submit={T.certs.addIt} ready={Boolean(file) && !fault} act={act} close={() => close(false)}>
        <FormGroup label={T.certs.columns.kind} fieldId="cert-kind">
            <FormSelect id="cert-kind" value={kind} onChange={(_event, value) => setKind(value)}>
                {["client", "ca", "crl"].map(word => <FormSelectOption key={word} value={word} label={T.certs.kinds[word]} />)}
            </FormSelect>
            <p className="wfa-quiet">{T.certs.meanings[kind]}</p>
        </FormGroup>
        <FormGroup label={T.certs.file} fieldId="cert-file">
            <input id="cert-file" type="file" onChange={async event => setFile(await take(event))} />
        </FormGroup>
        {fault && <Alert isInline component="h2" variant="danger" title={T.certs.faults[fault].title}>{T.certs.faults[fault].text}</Alert>}
        {kind !== "crl" &&
            <FormGroup label={T.certs.columns.name} fieldId="cert-name">
                <TextInput id="cert-name" value={name} placeholder={T.certs.nameHint} onChange={(_event, value) => setName(value)} maxLength={64} />
            </FormGroup>}
    </Ask>;
}
