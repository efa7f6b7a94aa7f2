// SPDX-License-Identifier: BSD-2-Clause
// Small things that several parts of the page show.
import { day, moment, now_s, span } from "./format.js";
import { Alert, Bullseye, EmptyState, EmptyStateBody, Label, Spinner } from "./pf.js";
import { T, reasonText } from "./strings.js";

/**
 * A text that somebody else has chosen. It is never markup, it cannot turn the direction of the
 * text around it, and signs that stand above each other stay within its line.
 */
export const Foreign = ({ children, whole = false }) =>
    <bdi className={whole ? "wfa-foreign wfa-whole" : "wfa-foreign"} title={whole ? undefined : children}>{children}</bdi>;

/** A time: the day, and the exact moment as a title. */
export const When = ({ at, none, relative = false, exact = false }) => at === undefined
    ? <span className="wfa-quiet">{none}</span>
    : <time dateTime={new Date(at * 1000).toISOString()} title={moment(at)}>{exact ? moment(at) : relative ? span(at) : day(at)}</time>;

const COLORS = { active: "green", refused: "orange", idle: "blue", expired: "grey", revoked: "red" };

/** The status of a key. An active key that this host refuses is told apart. */
export function Status({ item }) {
    const word = item.status === "active" && item.refused ? "refused" : item.status;

    return <span title={word === "refused" ? reasonText(item.refused) : undefined}>
        <Label isCompact color={COLORS[word] ?? "grey"}>{T.status[word] ?? word}</Label>
    </span>;
}

const SOON_S = 14 * 86400;

/** Until when a key has to be used, where that is before its other end; undefined where it is not. */
export const idleEnd = item => item.status === "active" && item.idle < (item.expires ?? Infinity) ? item.idle : undefined;

/** When a key ends. What ends soon stands out. */
export function Expires({ item }) {
    const idle = idleEnd(item);

    if (idle - now_s() < SOON_S)
        return <span className="wfa-soon">{T.ifUnused} <When at={idle} relative /></span>;
    if (item.expires === undefined)
        return <span className="wfa-quiet">{T.never}</span>;
    const soon = item.status === "active" && item.expires - now_s() < SOON_S;

    return <span className={soon ? "wfa-soon" : undefined}><When at={item.expires} relative={soon} /></span>;
}

/** Services or networks of a key. An empty list stands for all of them. */
export const Several = ({ items, all }) => items.length
    ? <span className="wfa-several" title={items.join(" ")}>{items.join(", ")}</span>
    : <span className="wfa-quiet">{all}</span>;

/** What went wrong with a call. */
export const Failure = ({ error, title = T.failed }) => error
    ? <Alert isInline variant="danger" title={title} component="h2">{errorText(error)}</Alert>
    : null;

/** A sentence about what went wrong. */
export function errorText(error) {
    if (error.kind === "Old")
        return T.oldDaemon(error.message);
    if (error.kind === "Lost")
        return T.lost;
    return error.message;
}

export const Waiting = () => <Bullseye className="wfa-waiting"><Spinner size="lg" aria-label={T.loading} /></Bullseye>;

export const Nothing = ({ title, children, icon, actions, level = "h2" }) =>
    <EmptyState titleText={title} headingLevel={level} icon={icon} variant="sm">
        {children && <EmptyStateBody>{children}</EmptyStateBody>}
        {actions}
    </EmptyState>;
