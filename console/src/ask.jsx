// SPDX-License-Identifier: BSD-2-Clause
// A dialog that asks before something is done, does it, and says what went wrong. Knows nothing of
// what is done.
import { useState } from "react";
import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader } from "./pf.js";
import { T } from "./strings.js";
import { Failure } from "./widgets.jsx";

/**
 * @param {string} title of the dialog
 * @param {string} submit what the button says
 * @param {boolean} danger whether it cannot be undone
 * @param {boolean} ready whether it may be done now
 * @param {function} act does it: returns a promise
 * @param {function} close called when the user does not want it
 */
export function Ask({ title, submit, danger = false, ready = true, act, close, children }) {
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const send = async event => {
        event.preventDefault();
        if (busy || !ready)
            return;
        setBusy(true);
        setError(null);
        try {
            await act();
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };

    return <Modal isOpen variant="medium" onClose={close} aria-labelledby="ask-title">
        <ModalHeader title={title} labelId="ask-title" titleIconVariant={danger ? "warning" : undefined} />
        <ModalBody>
            <Form onSubmit={send} id="ask">
                <Failure error={error} />
                {children}
            </Form>
        </ModalBody>
        <ModalFooter>
            <Button variant={danger ? "danger" : "primary"} type="submit" form="ask" isLoading={busy} isDisabled={busy || !ready}>{submit}</Button>
            <Button variant="link" onClick={close}>{T.cancel}</Button>
        </ModalFooter>
    </Modal>;
}
