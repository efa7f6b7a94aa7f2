// SPDX-License-Identifier: BSD-2-Clause
// Removes all keys of all users, after their number was typed. The daemon compares it once more.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import { useAnswer, useShared } from "./context.js";
import { FormGroup, TextInput } from "./pf.js";
import { T } from "./strings.js";
import { Failure } from "./widgets.jsx";

/** The dialog. */
export function RemoveAll({ close }) {
    const { control, notify } = useShared();
    const [typed, setTyped] = useState("");
    const answer = useAnswer(async () => (await control.call("CountKeys"))[0], [control]);
    const act = async () => {
        const [removed] = await control.call("RemoveAllKeys", answer.value);

        notify(T.remove.done(removed));
        close();
    };

    return <Ask title={T.removeAll.title} submit={T.removeAll.button} danger ready={answer.value > 0 && typed.trim() === String(answer.value)} act={act} close={close}>
        <Failure error={answer.error} />
        <p>{T.removeAll.what}</p>
        {answer.value !== undefined && <p>{T.removeAll.count(answer.value)}</p>}
        <FormGroup label={T.removeAll.type} fieldId="remove-all-count">
            <TextInput id="remove-all-count" value={typed} inputMode="numeric" autoComplete="off" onChange={(_event, value) => setTyped(value)} />
        </FormGroup>
    </Ask>;
}
