// SPDX-License-Identifier: BSD-2-Clause
// Changes one policy. How many keys the change touches is said before it is made.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import cockpit from "./cockpit.js";
import { useAnswer, useSettled, useShared } from "./context.js";
import { number } from "./format.js";
import { listKeys } from "./key_list.js";
import { KeyPages } from "./key_pages.js";
import { FormGroup, FormSelect, FormSelectOption, TextInput } from "./pf.js";
import { choicesOf, effectOf } from "./policy_effects.js";
import { T } from "./strings.js";

const COUNTED_MAX = 2000;
const TYPING_MS = 400;

/** How many keys pass a filter, as a text: beyond COUNTED_MAX "more than". */
async function countOf(control, filter) {
    const pages = new KeyPages(position => listKeys(control, { ...filter, ...position }));
    const { length } = await pages.upTo(COUNTED_MAX + 1);

    return length;
}

/** Root and the members of the group that administers. */
async function administrators(status) {
    if (status["admin-group"] === undefined)
        return ["root"];
    const line = await cockpit.spawn(["getent", "group", String(status["admin-group"])], { err: "ignore" }).then(text => text, () => "");

    return ["root", ...(line.trim().split(":")[3] ?? "").split(",").filter(Boolean)];
}

async function touched(control, status, count) {
    if (count === undefined)
        return 0;
    if (count === "ended")
        return status["keys-expired"] + status["keys-revoked"];
    if (count === "admins") {
        let sum = 0;

        for (const owner of await administrators(status))
            sum += await countOf(control, { owner, status: "active" });
        return sum;
    }
    // All active keys: the daemon has counted them.
    if (count.status === "active" && !count.services)
        return status["keys-active"];
    return countOf(control, count);
}

function Effect({ name, before, after }) {
    const { control } = useShared();
    const { effect, count } = effectOf(name, before, after);
    // The numbers of now, and not those from when the page was opened.
    const answer = useAnswer(async () => {
        const [status] = await control.call("GetStatus");

        return touched(control, Object.fromEntries(Object.entries(status).map(([key, { v }]) => [key, v])), count);
    }, [control, name, before, after]);
    const keys = answer.value > COUNTED_MAX && typeof count === "object" && count.services ? T.policy.moreThan(number(COUNTED_MAX)) : number(answer.value ?? 0);

    return <div role="status">
        <p>{T.policy.effects[effect]}</p>
        {count !== undefined && <p><strong>{answer.value === undefined ? T.policy.counting : T.policy.touched(keys)}</strong></p>}
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
