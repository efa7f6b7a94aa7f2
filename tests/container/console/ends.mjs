// SPDX-License-Identifier: BSD-2-Clause
// Goal: keys that nobody uses and keys of a realm are shown, found and revived; the policy says how
// many keys a change touches.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { equal, finish, holds, host, keyOf, login, show, test, until, violations } from "./browser.mjs";

const HALF_YEAR_S = 183 * 86400;
const issue = (...words) => host("wfapikeyctl", "key", "issue", ...words).slice(4, 14);
const setAside = sql => host("sh", "-c", `systemctl stop wfapikeyd-control.socket wfapikeyd-verify.socket wfapikeyd.service &&
    sqlite3 /var/lib/wfapikey/keys.db "${sql}" && systemctl start wfapikeyd-control.socket wfapikeyd-verify.socket`);

const CONF = "/etc/wfapikey/wfapikeyd.conf";
const configured = existsSync(CONF) ? readFileSync(CONF) : null;

// Two keys that were never used, one of them since half a year.
writeFileSync(CONF, "[Realm mail]\nservices = dovecot smtp\nsuffix = @example.org\n");
host("systemctl", "restart", "wfapikeyd.service");
host("wfapikeyctl", "key", "remove-all", "--yes");
host("wfapikeyctl", "policy", "set", "idle=90d", "lifetime=none");
const idle = issue("alice", "--name", "forgotten", "--expires", "never"), fresh = issue("alice", "--name", "fresh", "--expires", "1y");
const realm = issue("mail:erin@example.org", "--name", "phone", "--service", "dovecot");

setAside(`UPDATE policy SET changed_at = changed_at - ${HALF_YEAR_S} WHERE name IN ('idle', 'lifetime');
    UPDATE audit SET at = at - ${HALF_YEAR_S}, until = until - ${HALF_YEAR_S} WHERE detail LIKE 'idle=%' OR detail LIKE 'lifetime=%';
    UPDATE key SET created_at = created_at - ${HALF_YEAR_S}, updated_at = updated_at - ${HALF_YEAR_S} WHERE id = '${idle}'`);

const admin = await login("root2", { admin: true });
const { frame } = admin;
const button = (name, within = frame) => within.getByRole("button", { name, exact: true });
const rows = frame.locator("tbody tr");
const dialog = frame.getByRole("dialog");
const none = async () => equal((await violations(admin)).join("\n"), "");
const owners = () => frame.locator('td[data-label="Owner"]').allInnerTexts();

await test("an idle key is told apart, and found by its status", async () => {
    await frame.getByRole("combobox", { name: "Status" }).selectOption("idle");
    await until(async () => await rows.count() === 1, "one row");
    equal(await rows.locator('td[data-label="Status"]').innerText(), "idle");
    await none();
});
await test("it is revived from the table", async () => {
    await frame.getByRole("checkbox", { name: "Select row 0" }).check();
    await button("Revive").click();
    await dialog.getByText("is accepted again").waitFor();
    await none();
    await button("Revive", dialog).click();
    await frame.getByText("1 key revived").first().waitFor();
    equal(keyOf(idle).status, "active");
    await button("Clear filters").first().click();
});
await test("a key of a realm has its whole owner, and is found by the realm", async () => {
    await frame.getByRole("textbox", { name: "Realm" }).fill("mail");
    await until(async () => (await owners()).join() === "mail:erin@example.org", "Erin's key alone");
    await frame.getByRole("link", { name: "phone" }).click();
    await frame.getByText("mail:erin@example.org").first().waitFor();
    await frame.locator("dt").filter({ hasText: "Realm" }).waitFor();
    await none();
});
await test("the page of a key says until when it has to be used", async () => {
    await show(admin, `/keys/${fresh}`);
    await frame.locator("dt").filter({ hasText: "Ends if unused" }).waitFor();
});
const before = host("wfapikeyctl", "policy", "show");

await test("a shorter time for idle keys says how many keys end sooner", async () => {
    await show(admin, "/policy");
    await button("Change idle").click();
    await dialog.getByRole("textbox").fill("30d");
    await dialog.getByText("Keys that this touches: 3").waitFor();
    await dialog.getByText("end sooner than now: 3").waitFor();
    await none();
    await button("Cancel", dialog).click();
    // Two of the three have an expiry of their own.
    await button("Change lifetime").click();
    await dialog.getByRole("textbox").fill("7d");
    await dialog.getByText("Keys that this touches: 1").waitFor();
    await button("Cancel", dialog).click();
    equal(host("wfapikeyctl", "policy", "show"), before);
});
await test("an idle key is revived from its page", async () => {
    setAside(`UPDATE key SET created_at = created_at - ${HALF_YEAR_S}, updated_at = updated_at - ${HALF_YEAR_S} WHERE id = '${fresh}'`);
    await show(admin, `/keys/${fresh}`);
    await frame.getByText("It can be revived").waitFor();
    await none();
    await button("Revive").click();
    await button("Revive", dialog).click();
    await until(() => keyOf(fresh).status === "active", "it is active");
    await button("Rotate").waitFor();
});

const alice = await login("alice");

await test("a user is told who can revive an idle key", async () => {
    setAside(`UPDATE key SET created_at = created_at - ${HALF_YEAR_S}, updated_at = updated_at - ${HALF_YEAR_S} WHERE id = '${fresh}'`);
    await show(alice, `/keys/${fresh}`);
    await alice.frame.getByText("An administrator can revive it").waitFor();
    equal(await alice.frame.getByRole("button", { name: "Revive" }).count(), 0);
    holds(await alice.frame.getByRole("button", { name: "Revoke", exact: true }).count() === 1, "she can revoke it");
});
host("wfapikeyctl", "key", "remove", idle, fresh, realm);
host("wfapikeyctl", "policy", "set", "idle=none", "lifetime=30d");
if (configured)
    writeFileSync(CONF, configured);
else
    rmSync(CONF);
host("systemctl", "restart", "wfapikeyd.service");
await finish();
