// SPDX-License-Identifier: BSD-2-Clause
// The policies, each with its meaning and its value, and the removal of all keys.
import { useState } from "react";
import { useAnswer, useChanges, useShared } from "./context.js";
import { Button, Card, CardBody, CardTitle, FormGroup, Table, Tbody, Td, Th, Thead, TextInput, Tr } from "./pf.js";
import { PolicyChange } from "./policy_change.jsx";
import { RemoveAll } from "./remove_all.jsx";
import { T } from "./strings.js";
import { Failure, Waiting } from "./widgets.jsx";

const meaningOf = name => T.policy.meanings[name] ?? (name.includes(":") ? T.policy.forService(name.split(":")[1]) : "");

const PolicyTable = ({ policy, change }) =>
    <Table variant="compact" gridBreakPoint="grid-md" aria-label={T.policy.title}>
        <Thead><Tr><Th>{T.policy.name}</Th><Th>{T.policy.value}</Th><Th>{T.policy.meaning}</Th><Th screenReaderText={T.policy.change} /></Tr></Thead>
        <Tbody>
            {Object.entries(policy).sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) =>
                <Tr key={name}>
                    <Td dataLabel={T.policy.name} modifier="nowrap"><code>{name}</code></Td>
                    <Td dataLabel={T.policy.value} modifier="nowrap">{value}</Td>
                    <Td dataLabel={T.policy.meaning}>{meaningOf(name)}</Td>
                    <Td><Button variant="link" isInline onClick={() => change(name)} aria-label={T.policy.changeOf(name)}>{T.policy.change}</Button></Td>
                </Tr>)}
        </Tbody>
    </Table>;

function ServicePolicy({ change }) {
    const [service, setService] = useState("");

    return <Card>
        <CardTitle component="h2">{T.policy.serviceTitle}</CardTitle>
        <CardBody>
            <div className="wfa-inline-form">
                <FormGroup label={T.explain.service} fieldId="policy-service">
                    <TextInput id="policy-service" value={service} placeholder="sshd" onChange={(_event, value) => setService(value)} />
                </FormGroup>
                <Button variant="secondary" isDisabled={!service.trim()} onClick={() => change(`require-certificate:${service.trim()}`)}>{T.policy.change}</Button>
            </div>
        </CardBody>
    </Card>;
}

/** All policies. */
export function PolicyPage() {
    const { control } = useShared();
    const [changing, setChanging] = useState(null);
    const [removing, setRemoving] = useState(false);
    const answer = useAnswer(async () => (await control.call("GetPolicy"))[0], [control]);
    const policy = answer.value;

    useChanges(answer.again);
    if (!policy)
        return answer.loading ? <Waiting /> : <Failure error={answer.error} />;
    return <>
        <PolicyTable policy={policy} change={setChanging} />
        <ServicePolicy change={setChanging} />
        <Card>
            <CardTitle component="h2">{T.removeAll.title}</CardTitle>
            <CardBody>
                <p>{T.removeAll.what}</p>
                <Button variant="danger" onClick={() => setRemoving(true)} className="wfa-above">{T.removeAll.button}</Button>
            </CardBody>
        </Card>
        {changing && <PolicyChange name={changing} before={policy[changing] ?? "no"} close={done => { setChanging(null); if (done) answer.again(); }} />}
        {removing && <RemoveAll close={() => setRemoving(false)} />}
    </>;
}
