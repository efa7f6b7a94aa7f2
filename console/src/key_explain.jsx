// SPDX-License-Identifier: BSD-2-Clause
// What a login with a key would get now. Asking changes and uses nothing.
import { useState } from "react";
import { dict, plain } from "./control.js";
import { useShared } from "./context.js";
import { Alert, Button, Card, CardBody, CardTitle, Checkbox, Form, FormGroup, Table, Tbody, Td, TextInput, Th, Thead, Tr } from "./pf.js";
import { T } from "./strings.js";
import { Failure } from "./widgets.jsx";

const MARKS = { passed: "✓", failed: "✗", "not reached": "–" };

const Checks = ({ checks }) =>
    <Table variant="compact" aria-label={T.explain.checks} gridBreakPoint="grid-md" borders={false}>
        <Thead><Tr><Th>{T.explain.check}</Th><Th>{T.explain.outcome}</Th><Th>{T.explain.why}</Th></Tr></Thead>
        <Tbody>
            {checks.map(({ name, outcome, text }) =>
                <Tr key={name} className={outcome === "failed" ? "wfa-failed" : undefined}>
                    <Td dataLabel={T.explain.check}>{name}</Td>
                    <Td dataLabel={T.explain.outcome} modifier="nowrap">
                        <span aria-hidden="true">{MARKS[outcome] ?? ""}</span> {T.explain.outcomes[outcome] ?? outcome}
                    </Td>
                    <Td dataLabel={T.explain.why}><bdi className="wfa-whole">{text}</bdi></Td>
                </Tr>)}
        </Tbody>
    </Table>;

const Verdict = ({ verdict }) =>
    <>
        <Alert isInline component="h3" variant={verdict.accepted ? "success" : "warning"} title={verdict.accepted ? T.explain.accepted : T.explain.refused}>
            {verdict.text}
        </Alert>
        <Checks checks={verdict.checks.map(plain)} />
    </>;

const Field = ({ id, label, value, change, hint }) =>
    <FormGroup label={label} fieldId={id}>
        <TextInput id={id} value={value} placeholder={hint} onChange={(_event, text) => change(text)} />
    </FormGroup>;

export function KeyExplain({ item }) {
    const { control } = useShared();
    const [login, setLogin] = useState({
        user: item.owner, service: item.services.length === 1 ? item.services[0] : "", rhost: "", certificate: "", proved: false,
    });
    const [verdict, setVerdict] = useState(null);
    const [error, setError] = useState(null);
    const change = name => value => setLogin({ ...login, [name]: value });
    const ask = async event => {
        event.preventDefault();
        setError(null);
        try {
            const asked = Object.fromEntries(Object.entries(login).filter(([, value]) => value !== "" && value !== false));

            setVerdict(plain((await control.call("ExplainKey", item.id, dict(asked)))[0]));
        } catch (failure) {
            setVerdict(null);
            setError(failure);
        }
    };

    return <Card>
        <CardTitle component="h2">{T.explain.title}</CardTitle>
        <CardBody>
            <Form onSubmit={ask} className="wfa-inline-form">
                <Field id="explain-user" label={T.explain.user} value={login.user} change={change("user")} />
                <Field id="explain-service" label={T.explain.service} value={login.service} change={change("service")} hint="sshd" />
                <Field id="explain-rhost" label={T.explain.rhost} value={login.rhost} change={change("rhost")} hint="192.0.2.7" />
                <Field id="explain-certificate" label={T.explain.certificate} value={login.certificate} change={change("certificate")} />
                <Checkbox id="explain-proved" label={T.explain.proved} isChecked={login.proved} onChange={(_event, on) => change("proved")(on)} />
                <Button variant="secondary" type="submit">{T.explain.ask}</Button>
            </Form>
            <Failure error={error} />
            {verdict && <Verdict verdict={verdict} />}
        </CardBody>
    </Card>;
}
