// SPDX-License-Identifier: BSD-2-Clause
// The frame of the page: its connection, its parts, and what is said when there is no daemon or no
// administrative access. What a path shows is in PARTS.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import PlugIcon from "@patternfly/react-icons/dist/esm/icons/disconnected-icon";
import { CertPage } from "./cert.jsx";
import { CertsPage } from "./certs.jsx";
import cockpit from "./cockpit.js";
import { Control } from "./control.js";
import { Shared } from "./context.js";
import { EventsPage } from "./events.jsx";
import { HealthPage } from "./health.jsx";
import { KeyPage } from "./key.jsx";
import { KeysPage } from "./keys.jsx";
import { Alert, AlertActionCloseButton, AlertGroup, Button, Nav, NavItem, NavList } from "./pf.js";
import { PolicyPage } from "./policy.jsx";
import { T } from "./strings.js";
import { Nothing, Waiting } from "./widgets.jsx";

/** The parts of the page, in the order of their tabs. */
const PARTS = [
    { path: "keys", title: T.keys.title, page: KeysPage, detail: KeyPage },
    { path: "events", title: T.events.title, page: EventsPage },
    { path: "certificates", title: T.certs.title, page: CertsPage, detail: CertPage, adminOnly: true },
    { path: "policy", title: T.policy.title, page: PolicyPage, adminOnly: true },
    { path: "status", title: T.health.title, page: HealthPage, adminOnly: true },
];

function useControl() {
    const [state, setState] = useState({ kind: "connecting" });
    const control = useRef(null);

    if (!control.current)
        control.current = new Control(setState);
    return [control.current, state];
}

/** Whether Cockpit has administrative access, and how the connection follows it. */
function useAccess(control) {
    const [access, setAccess] = useState(null);

    useEffect(() => {
        const permission = cockpit.permission({ admin: true });
        let before = permission.allowed;
        const look = () => {
            setAccess(permission.allowed);
            if (before !== null && before !== permission.allowed)
                control.reopen();
            before = permission.allowed;
        };

        permission.addEventListener("changed", look);
        look();
        return () => { permission.removeEventListener("changed", look); permission.close(); };
    }, [control]);
    return access;
}

function usePath() {
    const [path, setPath] = useState(cockpit.location.path);

    useEffect(() => {
        const follow = () => setPath(cockpit.location.path);

        cockpit.addEventListener("locationchanged", follow);
        return () => cockpit.removeEventListener("locationchanged", follow);
    }, []);
    return path;
}

const SHOWN_MS = 8000;

function useNotices() {
    const [notices, setNotices] = useState([]);
    const count = useRef(0);
    const remove = useCallback(key => setNotices(old => old.filter(notice => notice.key !== key)), []);
    const notify = useCallback((title, variant = "success") => {
        const key = ++count.current;

        setNotices(old => [...old, { key, title, variant }]);
        setTimeout(() => remove(key), SHOWN_MS);
    }, [remove]);

    return [notices, notify, remove];
}

const Notices = ({ notices, remove }) =>
    <AlertGroup isToast isLiveRegion>
        {notices.map(({ key, title, variant }) =>
            <Alert key={key} component="h2" variant={variant} title={title} actionClose={<AlertActionCloseButton onClose={() => remove(key)} />} />)}
    </AlertGroup>;

/** Without the daemon nothing can be shown, and nothing old must look like the state of now. */
const Down = ({ state, control }) => state.kind === "connecting"
    ? <Waiting />
    : <Nothing title={T.down.title} level="h1" icon={PlugIcon} actions={<Button variant="primary" onClick={() => control.reopen()}>{T.down.again}</Button>}>
        <p>{T.down.text}</p>
        {state.text && <p className="wfa-quiet">{state.text}</p>}
    </Nothing>;

const Limited = ({ shared }) => !shared.isAdmin && shared.access === false
    ? <Alert isInline isPlain component="h2" variant="info" title={T.limited.title} className="wfa-limited">{T.limited.text}</Alert>
    : null;

function Parts({ shared, path }) {
    const parts = PARTS.filter(part => shared.isAdmin || !part.adminOnly);
    const part = parts.find(({ path: name }) => name === path[0]) ?? parts[0];
    const detail = path.length > 1 && part.detail;
    const Shown = detail || part.page;

    return <>
        <Nav variant="horizontal-subnav" aria-label={T.parts} className="wfa-parts">
            <NavList>
                {parts.map(({ path: name, title }) =>
                    <NavItem key={name} to={`#/${name}`} isActive={name === part.path}>{title}</NavItem>)}
            </NavList>
        </Nav>
        <main className="wfa-content">
            {!detail && <h1 className="pf-v6-screen-reader">{part.title}</h1>}
            <Limited shared={shared} />
            <Shown key={path.join("/")} id={path[1]} />
        </main>
    </>;
}

export function App() {
    const [control, state] = useControl();
    const access = useAccess(control);
    const path = usePath();
    const [notices, notify, remove] = useNotices();
    const shared = useMemo(() => ({
        control, notify, access,
        status: state.status ?? {},
        // The daemon tells the numbers to administrators alone.
        isAdmin: state.status?.["keys-active"] !== undefined,
        go: to => cockpit.location.go(to),
    }), [control, notify, access, state]);

    return <Shared.Provider value={shared}>
        <Notices notices={notices} remove={remove} />
        {state.kind === "ready"
            ? <Parts shared={shared} path={path} />
            : <main className="wfa-content"><Down state={state} control={control} /></main>}
    </Shared.Provider>;
}
