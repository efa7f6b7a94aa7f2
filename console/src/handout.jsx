// SPDX-License-Identifier: BSD-2-Clause
// Shows a new key once. It is in this dialog and nowhere else: not in the address, not in storage,
// not in the console, and in no part of the document once the dialog is closed.
import { useEffect, useRef, useState } from "react";
import cockpit from "./cockpit.js";
import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader } from "./pf.js";
import { T } from "./strings.js";

/** Copies the text of an element; an old way where the browser has no clipboard for the page. */
async function copyOf(element) {
    try {
        await navigator.clipboard.writeText(element.textContent);
    } catch {
        const selection = window.getSelection();

        selection.selectAllChildren(element);
        if (!document.execCommand("copy"))
            return false;
        selection.removeAllRanges();
    }
    return true;
}

/** Asks before the page is left, while the key was not copied. */
function useLeaveWarning(copied) {
    useEffect(() => {
        const warn = event => event.preventDefault();

        if (copied)
            return undefined;
        window.addEventListener("beforeunload", warn);
        return () => window.removeEventListener("beforeunload", warn);
    }, [copied]);
}

/** A key that was copied goes when the user turns to another page of Cockpit. */
function useHiding(copied, close) {
    const latest = useRef(close);

    useEffect(() => { latest.current = close; });
    useEffect(() => {
        const look = () => copied && cockpit.hidden && latest.current();

        cockpit.addEventListener("visibilitychange", look);
        return () => cockpit.removeEventListener("visibilitychange", look);
    }, [copied]);
}

const Use = ({ user }) => <>
    <h2 className="wfa-use">{T.handout.use}</h2>
    {T.handout.uses(user, window.location.hostname).map(({ title, text, lines }) =>
        <details key={title}>
            <summary>{title}</summary>
            <p>{text}</p>
            <pre tabIndex={0}>{lines}</pre>
        </details>)}
</>;

/**
 * @param {object} made {key, id, user}
 * @param {function} close called when the user is done with it
 */
export function Handout({ made, close }) {
    const [copied, setCopied] = useState(false);
    const [asked, setAsked] = useState(false);
    const secret = useRef(null);
    const copy = async () => setCopied(await copyOf(secret.current));
    const leave = () => copied || asked ? close() : setAsked(true);

    useLeaveWarning(copied);
    useHiding(copied, close);
    return <Modal isOpen variant="medium" onClose={leave} aria-labelledby="handout-title" onEscapePress={leave}>
        <ModalHeader title={T.handout.title(made.id)} labelId="handout-title" />
        <ModalBody tabIndex={0}>
            <p>{T.handout.once}</p>
            <div className="wfa-bar">
                <code ref={secret} className="wfa-secret wfa-whole" onCopy={() => setCopied(true)}>{made.key}</code>
                <Button variant="primary" onClick={copy}>{T.handout.copy}</Button>
                <span role="status">{copied && T.handout.copied}</span>
            </div>
            {asked && !copied && <Alert isInline component="h2" variant="warning" title={T.handout.notCopied}>{T.handout.lost}</Alert>}
            <Use user={made.user} />
        </ModalBody>
        <ModalFooter>
            <Button variant={copied ? "primary" : "secondary"} onClick={leave}>{asked && !copied ? T.handout.closeAnyway : T.handout.close}</Button>
        </ModalFooter>
    </Modal>;
}
