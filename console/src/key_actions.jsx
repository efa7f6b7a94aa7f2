// SPDX-License-Identifier: BSD-2-Clause
// What can be done with one key, besides ending it: another name, a successor, a new secret, a
// certificate.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import { dict } from "./control.js";
import { useShared } from "./context.js";
import { Handout } from "./handout.jsx";
import { CertificateChoice } from "./issue.jsx";
import { limitsOf } from "./issue_limits.js";
import { Button, FormGroup, FormSelect, FormSelectOption, TextInput } from "./pf.js";
import { T } from "./strings.js";

function Rename({ item, close, done }) {
    const { control } = useShared();
    const [name, setName] = useState(item.name);
    const act = async () => {
        await control.call("RenameKey", item.id, name.trim());
        done();
    };

    return <Ask title={T.rename.title} submit={T.rename.act} ready={name.trim() !== ""} act={act} close={close}>
        <FormGroup label={T.columns.name} fieldId="rename-name">
            <TextInput id="rename-name" value={name} onChange={(_event, value) => setName(value)} maxLength={64} />
        </FormGroup>
    </Ask>;
}

function Rotate({ item, close, done }) {
    const { control } = useShared();
    const [overlap, setOverlap] = useState("24h");
    const act = async () => {
        const how = overlap === "use" ? { "until-first-use": true } : { overlap };
        const [id, key] = await control.call("RotateKey", item.id, dict(how));

        done({ id, key, user: item.owner });
    };

    return <Ask title={T.rotate.title} submit={T.rotate.act} act={act} close={close}>
        <p>{T.rotate.what}</p>
        <FormGroup label={T.rotate.overlap} fieldId="rotate-overlap">
            <FormSelect id="rotate-overlap" value={overlap} onChange={(_event, value) => setOverlap(value)}>
                {Object.entries(T.rotate.overlaps).map(([value, text]) => <FormSelectOption key={value} value={value} label={text} />)}
            </FormSelect>
        </FormGroup>
    </Ask>;
}

function Reset({ item, close, done }) {
    const { control } = useShared();
    const act = async () => {
        const [key] = await control.call("ResetKey", item.id);

        done({ id: item.id, key, user: item.owner });
    };

    return <Ask title={T.reset.title} submit={T.reset.act} danger act={act} close={close}><p>{T.reset.what}</p></Ask>;
}

function Bind({ item, close, done }) {
    const { control, isAdmin } = useShared();
    const [certificate, setCertificate] = useState(item.certificate ?? "");
    const act = async () => {
        await control.call("BindKey", item.id, certificate.trim());
        done();
    };

    return <Ask title={T.bind.title} submit={T.bind.act} act={act} close={close} ready={isAdmin || certificate.trim() !== ""}>
        <p>{T.bind.what}</p>
        <CertificateChoice id="bind-certificate" value={certificate} change={setCertificate} />
    </Ask>;
}

const DIALOGS = { rotate: Rotate, reset: Reset, rename: Rename, bind: Bind };

/** Buttons for an active key, and the dialogs behind them. changed is called after each change. */
export function KeyActions({ item, changed }) {
    const { isAdmin, status } = useShared();
    const [open, setOpen] = useState(null);
    const [made, setMade] = useState(null);
    const Dialog = DIALOGS[open];
    const kinds = limitsOf(status).mayIssue
        ? Object.keys(DIALOGS).filter(kind => kind !== "bind" || isAdmin || !item.certificate)
        : [];

    return <>
        {kinds.map(kind => <Button key={kind} variant="secondary" onClick={() => setOpen(kind)}>{T[kind].button}</Button>)}
        {Dialog && <Dialog item={item} close={() => setOpen(null)} done={result => {
            setOpen(null);
            setMade(result ?? null);
            changed();
        }} />}
        {made && <Handout made={made} close={() => setMade(null)} />}
    </>;
}
