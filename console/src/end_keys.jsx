// SPDX-License-Identifier: BSD-2-Clause
// Asks before keys are revoked or removed, which is for ever, or revived, and does it.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import { useShared } from "./context.js";
import { FormGroup, List, ListItem, TextInput } from "./pf.js";
import { T } from "./strings.js";
import { Foreign } from "./widgets.jsx";

const NAMED = 8;

/** What is sent to the daemon for each kind. */
const KINDS = {
    revoke: {
        text: T.revoke,
        danger: true,
        fits: key => key.status === "active" || key.status === "idle",
        left: T.revoke.ended,
        call: (control, ids, reason) => control.call("RevokeKeys", ids, reason),
    },
    revive: {
        text: T.revive,
        danger: false,
        fits: key => key.status === "idle",
        left: T.revive.others,
        call: (control, ids) => control.call("ReviveKeys", ids),
    },
    remove: {
        text: T.remove,
        danger: true,
        fits: () => true,
        call: (control, ids) => control.call("RemoveKeys", ids),
    },
};

const Names = ({ keys }) =>
    <List>
        {keys.slice(0, NAMED).map(key =>
            <ListItem key={key.id}><Foreign>{key.name}</Foreign> <code>{key.id}</code> ({T.columns.owner}: <Foreign>{key.owner}</Foreign>)</ListItem>)}
        {keys.length > NAMED && <ListItem>{T.revoke.more(keys.length - NAMED)}</ListItem>}
    </List>;

/**
 * @param {string} kind "revoke", "revive" or "remove"
 * @param {object[]} keys of ListKeys
 * @param {function} close called with true when it is done, with false when it was not
 */
export function EndKeys({ kind, keys, close }) {
    const { control, notify } = useShared();
    const { text, danger, fits, left: leftText, call } = KINDS[kind];
    const wanted = keys.filter(fits), left = keys.length - wanted.length;
    const [reason, setReason] = useState("");
    const act = async () => {
        const [count] = await call(control, wanted.map(key => key.id), reason.trim());

        notify(text.done(count));
        close(true);
    };

    return <Ask title={text.title(wanted.length)} submit={text.act} danger={danger} ready={wanted.length > 0} act={act} close={() => close(false)}>
        <p>{text.what}</p>
        <Names keys={wanted} />
        {left > 0 && <p>{leftText(left)}</p>}
        {kind === "revoke" &&
            <FormGroup label={T.revoke.reason} fieldId="end-keys-reason">
                <TextInput id="end-keys-reason" value={reason} onChange={(_event, value) => setReason(value)} maxLength={128} />
            </FormGroup>}
    </Ask>;
}
