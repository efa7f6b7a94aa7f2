// SPDX-License-Identifier: BSD-2-Clause
// What all parts of the page share, and hooks for what the daemon answers.
import { createContext, useCallback, useContext, useEffect, useRef, useState } from "react";

/** control, status (of GetStatus), isAdmin, go(path) and notify(text, variant). */
export const Shared = createContext(null);

/** What all parts of the page share. */
export const useShared = () => useContext(Shared);

/**
 * The answer to a question to the daemon, asked again whenever one of inputs changes.
 * @param {function} ask returns a promise
 * @returns {{value, error, loading, again}} value stays as it was until the next one is there
 */
export function useAnswer(ask, inputs) {
    const [answer, setAnswer] = useState({ loading: true });
    const current = useRef(0);
    const again = useCallback(async () => {
        const turn = ++current.current;
        const settle = result => turn === current.current && setAnswer(result);

        setAnswer(old => ({ ...old, loading: true }));
        try {
            settle({ value: await ask(), loading: false });
        } catch (error) {
            settle({ error, loading: false });
        }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the caller says what the question depends on
    }, inputs);

    useEffect(() => {
        const turns = current;

        again();
        return () => { turns.current++; };
    }, [again]);
    return { ...answer, again };
}

/** A value that follows another one when that has not changed for a while. */
export function useSettled(value, wait_ms) {
    const [settled, setSettled] = useState(value);

    useEffect(() => {
        const timer = setTimeout(() => setSettled(value), wait_ms);

        return () => clearTimeout(timer);
    }, [value, wait_ms]);
    return settled;
}

/** Calls act soon after each event of the audit log that changes something, at most twice a second. */
export function useChanges(act) {
    const { control } = useShared();
    const latest = useRef(act);

    useEffect(() => { latest.current = act; });
    useEffect(() => {
        let timer = null;
        const stop = control.follow(event => {
            if (event.verdict === "done" && !timer)
                timer = setTimeout(() => { timer = null; latest.current(event); }, 500);
        });

        return () => { stop(); clearTimeout(timer); };
    }, [control]);
}
