// SPDX-License-Identifier: BSD-2-Clause
// Issues a key. What the policy forbids is said before, not after. The key itself is for handout.jsx
// alone.
import { useState } from "react";
import { Ask } from "./ask.jsx";
import cockpit from "./cockpit.js";
import { dict, plain } from "./control.js";
import { useAnswer, useShared } from "./context.js";
import { now_s } from "./format.js";
import { allowedPresets, faultsOf, limitsOf, optionsOf } from "./issue_limits.js";
import { listKeys } from "./key_list.js";
import { Alert, Checkbox, FormGroup, FormSelect, FormSelectOption, List, ListItem, TextInput } from "./pf.js";
import { pamServices } from "./pam_services.js";
import { T } from "./strings.js";

const EMPTY = { name: "", expires: "", date: "", services: [], others: "", networks: "", need: "no", certificate: "", linked: "" };

/** The user of Cockpit, once it is known. */
const useUser = () => useAnswer(async () => (await cockpit.user()).name, []).value;

/** The policy, where the caller may see it. */
const usePolicy = () => {
    const { control, isAdmin } = useShared();

    return useAnswer(async () => isAdmin ? (await control.call("GetPolicy"))[0] : {}, [control, isAdmin]).value;
};

/** How many active keys the user has, up to the most of one answer. */
const useActive = user => {
    const { control } = useShared();

    return useAnswer(async () => user ? (await listKeys(control, { owner: user, status: "active", limit: 200 }))[0].length : 0, [control, user]).value ?? 0;
};

const Text = ({ id, label, hint, form, name, set, type = "text", ...more }) =>
    <FormGroup label={label} fieldId={id}>
        <TextInput id={id} type={type} value={form[name]} placeholder={hint} onChange={(_event, value) => set({ [name]: value })} {...more} />
    </FormGroup>;

function Expiry({ form, set, limits }) {
    const policy = limits.lifetime ? T.issue.asPolicy(limits.lifetime) : T.issue.asPolicyUnknown;
    const options = [["", policy], ...allowedPresets(limits).map(preset => [preset, T.issue.presets[preset]]), ["date", T.issue.onDate]];

    if (limits.longest_s === undefined)
        options.push(["never", T.issue.never]);
    return <>
        <FormGroup label={T.columns.expires} fieldId="issue-expires">
            <FormSelect id="issue-expires" value={form.expires} onChange={(_event, expires) => set({ expires })}>
                {options.map(([value, text]) => <FormSelectOption key={value} value={value} label={text} />)}
            </FormSelect>
            {limits.longest_s !== undefined && <p className="wfa-quiet">{T.issue.longest(limits.longest)}</p>}
        </FormGroup>
        {form.expires === "date" && <Text id="issue-date" label={T.issue.date} type="date" form={form} name="date" set={set} />}
    </>;
}

function Services({ form, set }) {
    const services = useAnswer(pamServices, []).value ?? [];
    const toggle = (service, on) => set({ services: on ? [...form.services, service] : form.services.filter(name => name !== service) });

    return <FormGroup role="group" label={T.columns.services} fieldId="issue-services">
        <div className="wfa-checks" tabIndex={0} role="group" aria-label={T.columns.services}>
            {services.map(service =>
                <Checkbox key={service} id={`issue-service-${service}`} label={service} isChecked={form.services.includes(service)}
                    onChange={(_event, on) => toggle(service, on)} />)}
        </div>
        <TextInput aria-label={T.issue.others} placeholder={T.issue.others} value={form.others} onChange={(_event, others) => set({ others })} />
        {form.services.length === 0 && !form.others.trim() && <p className="wfa-soon">{T.issue.allServices}</p>}
    </FormGroup>;
}

/** The choices of a client certificate. Administrators choose of those that are registered. */
export function CertificateChoice({ id, value, change }) {
    const { control, isAdmin } = useShared();
    const registered = useAnswer(async () => isAdmin ? (await control.call("ListCertificates"))[0].map(plain) : [], [control, isAdmin]).value ?? [];
    const clients = registered.filter(({ kind }) => kind === "client");

    return <FormGroup label={T.issue.bind} fieldId={id}>
        {isAdmin
            ? <FormSelect id={id} value={value} onChange={(_event, chosen) => change(chosen)}>
                <FormSelectOption value="" label={T.issue.unbound} />
                {clients.map(({ thumbprint, name }) => <FormSelectOption key={thumbprint} value={thumbprint} label={`${name} (${thumbprint.slice(0, 16)})`} />)}
            </FormSelect>
            : <TextInput id={id} value={value} placeholder={T.issue.thumbprint} onChange={(_event, text) => change(text)} />}
    </FormGroup>;
}

const Faults = ({ faults, limits }) => faults.length === 0 ? null
    : <Alert isInline component="h2" variant="warning" title={T.issue.cannot}>
        <List>{faults.map(fault => <ListItem key={fault}>{T.issue.faults[fault](limits)}</ListItem>)}</List>
    </Alert>;

/**
 * The dialog.
 * @param {function} close called without anything when no key was made
 * @param {function} done called with {key, id, user, service} when there is one
 */
export function Issue({ close, done }) {
    const { control, isAdmin, status } = useShared();
    const me = useUser(), policy = usePolicy();
    const [changes, setChanges] = useState({});
    const form = { ...EMPTY, user: me ?? "", ...changes };
    const set = more => setChanges(old => ({ ...old, ...more }));
    const limits = limitsOf(status, policy);
    const faults = faultsOf(form, limits, useActive(form.user.trim()), now_s() * 1000).filter(fault => fault !== "noUser");
    const act = async () => {
        const options = optionsOf(form), user = form.user.trim();
        const [id, key] = await control.call("IssueKey", user, dict(options));

        done({ id, key, user, services: options.services });
    };

    return <Ask title={T.issue.title} submit={T.issue.act} ready={faults.length === 0 && form.user.trim() !== ""} act={act} close={close}>
        <Faults faults={faults} limits={limits} />
        {limits.certificate !== "no" && <Alert isInline isPlain component="h2" variant="info" title={T.issue.certificatePolicy} />}
        {isAdmin && <Text id="issue-user" label={T.columns.owner} form={form} name="user" set={set} isRequired />}
        <Text id="issue-name" label={T.columns.name} hint={T.issue.nameHint} form={form} name="name" set={set} maxLength={64} />
        <Expiry form={form} set={set} limits={limits} />
        <Services form={form} set={set} />
        <Text id="issue-networks" label={T.columns.networks} hint={T.issue.networksHint} form={form} name="networks" set={set} />
        <FormGroup label={T.key.certificate} fieldId="issue-need">
            <FormSelect id="issue-need" value={form.need} onChange={(_event, need) => set({ need, certificate: need === "no" ? "" : form.certificate })}>
                {["no", "yes", "proof"].map(need => <FormSelectOption key={need} value={need} label={T.key.needs[need]} />)}
            </FormSelect>
        </FormGroup>
        {form.need !== "no" && <CertificateChoice id="issue-certificate" value={form.certificate} change={certificate => set({ certificate })} />}
        {isAdmin && <Text id="issue-linked" label={T.issue.linked} hint={form.user} form={form} name="linked" set={set} />}
    </Ask>;
}
