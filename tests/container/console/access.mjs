// SPDX-License-Identifier: BSD-2-Clause
// Goal: the page follows what changes under it: administrative access that is turned on and off, and
// a daemon that is older than the page.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { equal, finish, holds, host, login, PASSWORD, show, test, until, violations } from "./browser.mjs";

const SOCKET = "/run/wfapikey/control";
const session = await login("root2");
const { frame, page } = session;
const parts = async () => (await frame.locator("nav.wfa-parts").innerText()).replace(/\s+/g, " ");
/** Cockpit loads its pages anew with other rights, and this once or twice. */
const none = () => until(async () => {
    try {
        equal((await violations(session)).join("\n"), "");
        return true;
    } catch (error) {
        if (/navigation|detached|destroyed/.test(error.message))
            return false;
        throw error;
    }
}, "a page that stays");
const ALL = "Keys Events Certificates Policy Status";

await test("a user who has no key yet sees the first one come", async () => {
    await frame.getByText("There are no keys").waitFor();
    host("wfapikeyctl", "key", "issue", "root2", "--name", "mine");
    host("wfapikeyctl", "key", "issue", "bob", "--name", "his");
    await frame.getByRole("link", { name: "mine" }).waitFor();
});
await test("without administrative access an administrator sees own keys, and how to get it", async () => {
    await frame.getByText("These are your own keys").waitFor();
    await frame.getByRole("link", { name: "mine" }).waitFor();
    equal(await frame.getByRole("link", { name: "his" }).count(), 0);
    equal(await parts(), "Keys Events");
});
await test("access that is turned on under the open page shows all keys", async () => {
    await page.getByRole("button", { name: "Limited access" }).first().click();
    await page.locator('input[type="password"]').fill(PASSWORD);
    await page.getByRole("button", { name: "Authenticate" }).click();
    await frame.getByRole("link", { name: "his" }).waitFor();
    await until(async () => await parts() === ALL, "all parts");
    equal(await frame.getByText("These are your own keys").count(), 0);
    await none();
});
await test("access that is turned off takes them away, also on a page for administrators", async () => {
    await show(session, "/policy");
    await frame.getByRole("button", { name: "Change enabled" }).waitFor();
    await page.getByText("Administrative access").first().click();
    await page.getByRole("button", { name: "Limit access" }).click();
    await until(async () => await parts() === "Keys Events", "the parts of a user");
    await frame.getByText("These are your own keys").waitFor();
    await frame.getByRole("link", { name: "mine" }).waitFor();
    equal(await frame.getByRole("link", { name: "his" }).count() + await frame.getByRole("button", { name: "Change enabled" }).count(), 0);
    await none();
});

// The stand-in in the place of the daemon, under a page that is open already.
const admin = await login("root2", { admin: true });
const { frame: old } = admin;

await old.getByRole("link", { name: "his" }).waitFor();
host("systemctl", "stop", "wfapikeyd-control.socket", "wfapikeyd-verify.socket", "wfapikeyd.service");
host("rm", "-f", SOCKET);
const older = spawn("/usr/bin/python3", [join(dirname(fileURLToPath(import.meta.url)), "older.py"), SOCKET], { stdio: "inherit" });
const ended = new Promise(resolve => { older.once("exit", resolve); });

try {
    await test("an older daemon: what it can show is shown", async () => {
        await until(() => host("sh", "-c", `test ! -S ${SOCKET} || echo there`), "its socket");
        host("chmod", "0666", SOCKET);
        await old.getByRole("link", { name: "old one" }).waitFor();
        equal((await violations(admin)).join("\n"), "");
    });
    await test("what it cannot do is said, with what to do", async () => {
        await old.getByRole("button", { name: "Name", exact: true }).click();
        await old.getByText("The daemon is older than this page").waitFor();
        await old.getByRole("link", { name: "old one" }).click();
        await old.getByText("does not know GetKey").first().waitFor();
        for (const [path, method] of [["/certificates", "ListCertificates"], ["/events", "ListAudit"], ["/status", null]]) {
            await show(admin, path);
            await old.getByText(method ? `does not know ${method}` : "0.0.1").first().waitFor();
        }
        await show(admin, "/policy");
        await old.getByRole("button", { name: "Change lifetime" }).click();
        await old.getByRole("dialog").getByRole("textbox").fill("10d");
        await old.getByRole("dialog").getByText("does not know PreviewPolicy").waitFor();
        equal((await violations(admin)).join("\n"), "");
    });
} finally {
    older.kill("SIGTERM");
    await ended;
    host("rm", "-f", SOCKET);
    host("systemctl", "start", "wfapikeyd-control.socket", "wfapikeyd-verify.socket");
}
await test("when the daemon is upgraded, the page goes on by itself", async () => {
    await old.getByRole("button", { name: "Change require-certificate", exact: true }).waitFor();
    await show(admin, "/keys");
    await old.getByRole("link", { name: "his" }).waitFor();
    holds(await old.getByText("older than this page").count() === 0, "the daemon is still told to be old");
});
await finish();
