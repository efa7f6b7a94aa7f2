// SPDX-License-Identifier: BSD-2-Clause
// The connection to wfapikeyd: D-Bus over its control socket, without a bus, with the rights of the
// user of Cockpit. The daemon decides by them what the user may do; this file decides nothing.
// common/CONTROL describes the methods. It must not keep what a call has answered: some answers
// have a key.
import cockpit from "./cockpit.js";

const ADDRESS = "unix:path=/run/wfapikey/control";
const PATH = "/org/wfapikey1";
const INTERFACE = "org.wfapikey1.Manager";
const ERRORS = "org.wfapikey1.Error.";

// Cockpit's bridge does not tell that the daemon has gone: only a call that fails does. So the page
// asks often while somebody looks at it. And the daemon ends a connection that says nothing for five
// minutes.
const PING_MS = 4_000;
const PINGS_HIDDEN = 15; // a page that nobody sees leaves out so many
const WAIT_FIRST_MS = 500;
const WAIT_LONGEST_MS = 5_000;

/** The arguments of each method that the page calls. */
const SIGNATURES = {
    AddCertificates: "aaya{sv}",
    BindKey: "ss",
    CountKeys: "",
    Diagnose: "",
    ExplainKey: "sa{sv}",
    FollowAudit: "",
    GetCertificate: "s",
    GetKey: "s",
    GetMetrics: "",
    GetPolicy: "",
    GetStatus: "",
    IssueKey: "sa{sv}",
    ListAudit: "a{sv}",
    ListCertificates: "",
    ListKeys: "a{sv}",
    LoadCrl: "ayb",
    PreviewPolicy: "a{ss}",
    RemoveAllKeys: "t",
    RemoveCertificate: "s",
    RemoveKeys: "as",
    RenameKey: "ss",
    ResetKey: "s",
    ReviveKeys: "as",
    RevokeKeys: "ass",
    RotateKey: "sa{sv}",
    SetPolicy: "a{ss}",
};

/** The types of the names that a method takes in an a{sv}. */
const OPTION_TYPES = {
    owner: "s", user: "s", realm: "s", status: "s", search: "s", services: "as", networks: "as", source: "s",
    "ends-before": "x", "unused-since": "x", sort: "s", reverse: "b", after: "s", limit: "u",
    name: "s", expires: "s", "require-certificate": "s", certificate: "s",
    overlap: "s", linked: "s", "until-first-use": "b", ca: "b",
    service: "s", rhost: "s", proved: "b", at: "x",
    key: "s", verdict: "s", since: "x", until: "x",
};

/**
 * Makes an a{sv} of an object, without the names whose value is undefined.
 * @param {object} options values by name
 * @param {object} types D-Bus types that differ from OPTION_TYPES for this method
 */
export function dict(options, types = {}) {
    const result = {};

    for (const [name, value] of Object.entries(options)) {
        if (value !== undefined)
            result[name] = cockpit.variant(types[name] ?? OPTION_TYPES[name], value);
    }
    return result;
}

/** The plain values of an a{sv} that the daemon has sent. */
export function plain(variants) {
    return Object.fromEntries(Object.entries(variants).map(([name, variant]) => [name, variant.v]));
}

/** What went wrong with a call: kind is the last word of the daemon's error, or "Lost" or "Old". */
export class ControlError extends Error {
    constructor(kind, message) {
        super(message);
        this.kind = kind;
    }
}

function errorOf(cause, method) {
    const name = cause?.name ?? "";
    const unknown = /^Unknown \w+ '([a-z-]+)': known are/.exec(cause?.message);

    // The page has no options but those of a daemon of its own version.
    if (unknown)
        return new ControlError("Old", unknown[1]);
    if (name.startsWith(ERRORS))
        return new ControlError(name.slice(ERRORS.length), cause.message);
    // System.Error.ENXIO and the like: the daemon could not read the arguments.
    if (/^(org\.freedesktop\.DBus\.Error\.(UnknownMethod|InvalidArgs)$|System\.Error\.)/.test(name))
        return new ControlError("Old", method);
    return new ControlError("Lost", cause?.message ?? String(cause));
}

/** One connection, which is made anew whenever it is lost. */
export class Control {
    #client = null;
    #listeners = new Set();
    #timer = null;
    #ping = null;
    #pings = 0;
    #wait_ms = WAIT_FIRST_MS;
    #onState;

    /** @param {function} onState gets {kind: "ready", status} or {kind: "down", text} */
    constructor(onState) {
        this.#onState = onState;
        this.#open();
    }

    #open() {
        const client = cockpit.dbus(null, { bus: "none", address: ADDRESS, superuser: "try" });

        this.#client = client;
        client.addEventListener("close", (_event, options) => {
            if (client === this.#client)
                this.#lost(options?.message || options?.problem || "");
        });
        client.subscribe({ path: PATH, interface: INTERFACE, member: "AuditEvent" },
            (_path, _interface, _signal, [event]) => this.#listeners.forEach(listener => listener(plain(event))));
        this.#greet(client);
    }

    async #greet(client) {
        try {
            const status = plain((await this.call("GetStatus"))[0]);

            await this.call("FollowAudit");
            if (client !== this.#client)
                return;
            this.#wait_ms = WAIT_FIRST_MS;
            clearInterval(this.#ping);
            this.#ping = setInterval(() => this.#look(client), PING_MS);
            this.#onState({ kind: "ready", status });
        } catch (error) {
            if (client === this.#client)
                this.#lost(error.message);
        }
    }

    #look(client) {
        this.#pings++;
        if (!cockpit.hidden || this.#pings % PINGS_HIDDEN === 0)
            this.#say(client);
    }

    async #say(client) {
        try {
            await client.call(PATH, "org.freedesktop.DBus.Peer", "Ping", [], { type: "" });
        } catch (error) {
            if (client === this.#client)
                this.#lost(error.message);
        }
    }

    #lost(text) {
        const client = this.#client;

        this.#client = null;
        clearInterval(this.#ping);
        client?.close();
        this.#onState({ kind: "down", text });
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#open(), this.#wait_ms);
        this.#wait_ms = Math.min(this.#wait_ms * 2, WAIT_LONGEST_MS);
    }

    /** Ends the connection for good. */
    stop() {
        const client = this.#client;

        this.#client = null;
        clearTimeout(this.#timer);
        clearInterval(this.#ping);
        client?.close();
    }

    /** Connects anew: now, and with the rights that the user has now. */
    reopen() {
        this.stop();
        this.#open();
    }

    /**
     * Calls a method of the daemon.
     * @returns {Promise<Array>} its results
     * @throws {ControlError}
     */
    async call(method, ...args) {
        const client = this.#client;

        if (!client)
            throw new ControlError("Lost", "");
        try {
            return await client.call(PATH, INTERFACE, method, args, { type: SIGNATURES[method] });
        } catch (cause) {
            const error = errorOf(cause, method);

            if (error.kind === "Lost" && client === this.#client)
                this.#say(client);
            throw error;
        }
    }

    /** Has listener called with each event of the audit log from now on. Returns what ends that. */
    follow(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }
}
