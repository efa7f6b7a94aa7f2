// SPDX-License-Identifier: BSD-2-Clause
// Goal: an old daemon is told from one that has gone, and a connection that is lost is made anew.
import assert from "node:assert/strict";
import { test } from "node:test";

/** Stands for Cockpit. calls has what each method does. */
function standIn(calls) {
    const clients = [];

    globalThis.cockpit = {
        hidden: false,
        variant: (t, v) => ({ t, v }),
        dbus: (_name, options) => {
            const client = {
                options, closed: false,
                addEventListener: () => {},
                subscribe: () => {},
                close: () => { client.closed = true; },
                call: async (_path, _interface, method, args) => {
                    const answer = calls[method];

                    if (typeof answer === "function")
                        return answer(args);
                    throw answer;
                },
            };

            clients.push(client);
            return client;
        },
    };
    return clients;
}
const states = [];
const calls = { GetStatus: () => [{ version: { t: "s", v: "1" } }], FollowAudit: () => [] };
const clients = standIn(calls);
const { Control, dict } = await import("../src/control.js");
const next = () => new Promise(resolve => { states.wake = resolve; });

test("the connection has the rights of the user, and no bus", async () => {
    const state = next();

    test.control = new Control(state_ => { states.push(state_); states.wake?.(); });
    await state;
    assert.deepEqual(clients[0].options, { bus: "none", address: "unix:path=/run/wfapikey/control", superuser: "try" });
    assert.deepEqual(states.at(-1), { kind: "ready", status: { version: "1" } });
});

test("a method that an older daemon does not know", async () => {
    calls.GetMetrics = { name: "org.freedesktop.DBus.Error.UnknownMethod", message: "no such method" };
    await assert.rejects(test.control.call("GetMetrics"), { kind: "Old", message: "GetMetrics" });
});

test("an option that an older daemon does not know, in its words and in those of now", async () => {
    for (const word of ["filter", "option"]) {
        calls.ListKeys = { name: "org.wfapikey1.Error.InvalidArgument", message: `Unknown ${word} 'sort': known are owner, limit.` };
        await assert.rejects(test.control.call("ListKeys", {}), { kind: "Old", message: "sort" });
    }
    for (const name of ["org.freedesktop.DBus.Error.InvalidArgs", "System.Error.ENXIO"]) {
        calls.ListKeys = { name, message: "No such device or address" };
        await assert.rejects(test.control.call("ListKeys", {}), { kind: "Old", message: "ListKeys" });
    }
});

test("an error of the daemon keeps its text", async () => {
    calls.GetKey = { name: "org.wfapikey1.Error.NoSuchKey", message: "There is no key." };
    await assert.rejects(test.control.call("GetKey", "x"), { kind: "NoSuchKey", message: "There is no key." });
});

test("a connection that is lost is told, and made anew", async () => {
    const gone = { name: "", message: "The connection is closed" };
    const before = clients.length;

    calls.GetKey = gone;
    calls.Ping = gone;
    await assert.rejects(test.control.call("GetKey", "x"), { kind: "Lost" });
    while (states.at(-1).kind !== "ready" || clients.length === before)
        await next();
    assert.ok(states.some(({ kind }) => kind === "down"));
    assert.equal(clients[before - 1].closed, true);
    test.control.stop();
});

test("options get the types of the daemon", () => {
    assert.deepEqual(dict({ name: "a", limit: 5, after: undefined }), { name: { t: "s", v: "a" }, limit: { t: "u", v: 5 } });
});
