// SPDX-License-Identifier: BSD-2-Clause
// Whether all is well: what wfapikeyctl doctor finds, each as a card with what to do, and the numbers
// of the daemon.
import cockpit from "./cockpit.js";
import { plain } from "./control.js";
import { useAnswer, useShared } from "./context.js";
import { number } from "./format.js";
import {
    Alert, Button, Card, CardBody, CardTitle, DescriptionList, DescriptionListDescription, DescriptionListGroup,
    DescriptionListTerm, Label,
} from "./pf.js";
import { T } from "./strings.js";
import { Failure, Waiting, When } from "./widgets.jsx";

const SEVERITIES = ["error", "warning", "hint", "ok"];
const COLORS = { error: "red", warning: "orange", hint: "blue", ok: "green" };

/** What wfapikeyctl doctor finds. Its exit status tells the worst of it, and is no failure. */
async function findings() {
    let output = "", failure = null;
    const process = cockpit.spawn(["wfapikeyctl", "doctor", "--json"], { superuser: "try", err: "message" });

    process.stream(data => { output += data; });
    try {
        await process;
    } catch (error) {
        failure = error;
    }
    if (!output)
        throw failure ?? new Error(T.health.nothing);
    return JSON.parse(output).sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

const Finding = ({ finding: { severity, check, seen, do: advice } }) =>
    <Card isCompact>
        <CardTitle component="h3"><Label isCompact color={COLORS[severity] ?? "grey"}>{T.health.severities[severity] ?? severity}</Label> {check}</CardTitle>
        <CardBody>
            <p className="wfa-whole">{seen}</p>
            {advice && <p className="wfa-whole"><strong>{T.health.todo}</strong> {advice}</p>}
        </CardBody>
    </Card>;

/** What an older daemon does not say is left out. */
const Fact = ({ name, value, children }) => value !== undefined &&
    <DescriptionListGroup><DescriptionListTerm>{name}</DescriptionListTerm><DescriptionListDescription>{children}</DescriptionListDescription></DescriptionListGroup>;

function Facts() {
    const { control } = useShared();
    const answer = useAnswer(async () => plain((await control.call("GetStatus"))[0]), [control]);
    const status = answer.value;

    if (!status)
        return <Failure error={answer.error} />;
    return <Card>
        <CardTitle component="h2">{T.health.daemon}</CardTitle>
        <CardBody>
            <DescriptionList isCompact columnModifier={{ default: "1Col", md: "3Col" }}>
                <Fact name={T.health.version} value={status.version}>{status.version}</Fact>
                <Fact name={T.health.enabled} value={status.enabled}>{status.enabled ? T.health.yes : T.health.no}</Fact>
                <Fact name={T.health.started} value={status.started}><When at={status.started} exact /></Fact>
                <Fact name={T.health.keys} value={status["keys-active"]}>
                    {T.health.counts(...["active", "idle", "expired", "revoked"].map(word => number(status[`keys-${word}`] ?? 0)))}
                </Fact>
                <Fact name={T.health.accepted} value={status.accepted}>{number(status.accepted ?? 0)}</Fact>
                <Fact name={T.health.refused} value={status.refused}>{number(status.refused ?? 0)}</Fact>
            </DescriptionList>
        </CardBody>
    </Card>;
}

function Verdict({ found }) {
    const wrong = found.filter(({ severity }) => severity === "error" || severity === "warning").length;

    return <Alert isInline component="h2" variant={wrong ? "warning" : "success"} title={wrong ? T.health.wrong(wrong) : T.health.fine} />;
}

/** The cards. */
export function HealthPage() {
    const answer = useAnswer(findings, []);
    const found = answer.value;

    return <>
        <Facts />
        <div className="wfa-head">
            <h2 className="wfa-title">{T.health.doctor}</h2>
            <span className="wfa-actions"><Button variant="secondary" onClick={answer.again} isLoading={answer.loading}>{T.health.again}</Button></span>
        </div>
        <Failure error={answer.error} />
        {!found && answer.loading && <Waiting />}
        {found && <Verdict found={found} />}
        {found && <div className="wfa-cards">{found.map(finding => <Finding key={`${finding.check} ${finding.seen}`} finding={finding} />)}</div>}
    </>;
}
