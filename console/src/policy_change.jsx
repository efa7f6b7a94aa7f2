// SPDX-License-Identifier: BSD-2-Clause
// Changes one policy. How many keys the change touches is said before it is made.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import { plain } from "./control.js";
import { useAnswer, useSettled, useShared } from "./context.js";
import { number } from "./format.js";
import { FormGroup, FormSelect, FormSelectOption, List, ListItem, TextInput } from "./pf.js";
import { choicesOf, effectOf } from "./policy_effects.js";
import { T } from "./strings.js";
import { Failure } from "./widgets.jsx";

const TYPING_MS = 400;

/** What the daemon says that the change does to keys that exist. */
function Effect({ name, before, after }) {
    const { control } = useShared();
    const answer = useAnswer(async () => plain((await control.call("PreviewPolicy", { [name]: after }))[0]), [control, name, after]);
    const counts = answer.value;

    return <div role="status">
        <p>{T.policy.effects[effectOf(name, before, after).effect]}</p>
        <Failure error={answer.error} title={T.policy.wrong} />
        {!answer.error && <p><strong>{counts ? T.policy.touched(number(counts.keys)) : T.policy.counting}</strong></p>}
        {counts?.keys > 0 && <List>
            {Object.entries(T.policy.counts).map(([word, text]) => counts[word] > 0 && <ListItem key={word}>{text(number(counts[word]))}</ListItem>)}
        </List>}
    </div>;
}

/** The dialog. close is called with true when the policy was changed. */
export function PolicyChange({ name, before, close }) {
    const { control, notify } = useShared();
    const [value, setValue] = useState(before);
    const settled = useSettled(value.trim(), TYPING_MS);
    const choices = choicesOf(name);
    const { ends } = effectOf(name, before, value.trim());
    const act = async () => {
        await control.call("SetPolicy", { [name]: value.trim() });
        notify(T.policy.done(name, value.trim()));
        close(true);
    };

    return <Ask title={T.policy.changeOf(name)} submit={T.policy.change} danger={ends} ready={value.trim() !== before && value.trim() !== ""} act={act}
        close={() => close(false)}>
        <p>{T.policy.meanings[name.split(":")[0]]}</p>
        <FormGroup label={T.policy.value} fieldId="policy-value">
            {choices
                ? <FormSelect id="policy-value" value={value} onChange={(_event, chosen) => setValue(chosen)}>
                    {choices.map(choice => <FormSelectOption key={choice} value={choice} label={choice} />)}
                </FormSelect>
                : <TextInput id="policy-value" value={value} onChange={(_event, text) => setValue(text)} />}
        </FormGroup>
        {settled !== before && settled !== "" && <Effect name={name} before={before} after={settled} />}
    </Ask>;
}
