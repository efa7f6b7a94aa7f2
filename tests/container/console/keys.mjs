// SPDX-License-Identifier: BSD-2-Clause
// Goal: the table of keys and the page of one key, for an administrator and for a user.
import { equal, finish, holds, host, keyOf, loaded, login, said, show, test, until, violations } from "./browser.mjs";

const admin = await login("root2", { admin: true });
const rows = session => session.frame.locator("tbody tr");
const count = (session, wanted) => until(async () => await rows(session).count() === wanted, `${wanted} rows`);
const column = (session, name) => session.frame.locator(`td[data-label="${name}"]`).allInnerTexts();
const none = async session => equal((await violations(session)).join("\n"), "");

await test("an administrator sees the keys of all users", () => count(admin, 13));
await test("names with tags, with signs above each other and from right to left are text", async () => {
    await admin.frame.getByText("<img src=x onerror=alert(1)>", { exact: true }).waitFor();
    equal(await admin.frame.locator("img").count(), 0);
    for (const box of await admin.frame.locator("td .wfa-foreign").all())
        holds((await box.boundingBox()).height < 40, "a name is higher than a line");
});
await test("axe finds nothing in the table", () => none(admin));
await test("the search finds parts of names", async () => {
    await admin.frame.getByRole("textbox", { name: "Search name, id or owner" }).fill("BACKUP");
    await count(admin, 9);
});
await test("columns sort in both directions", async () => {
    await admin.frame.getByRole("button", { name: "Name" }).click();
    await until(async () => (await column(admin, "Name"))[0] === "backup 1", "the first name");
    await admin.frame.getByRole("button", { name: "Name" }).click();
    await until(async () => (await column(admin, "Name"))[0] === "backup 9", "the last name");
});
await test("filters: a service, an end, and none", async () => {
    await admin.frame.getByRole("button", { name: "Clear filters" }).click();
    await admin.frame.getByRole("textbox", { name: "Service" }).fill("dovecot");
    await count(admin, 1);
    await admin.frame.getByRole("textbox", { name: "Service" }).fill("");
    await admin.frame.getByRole("combobox", { name: "Ends within" }).selectOption("7");
    await until(async () => (await column(admin, "Owner")).join() === "bob", "Bob's key alone");
    await admin.frame.getByRole("combobox", { name: "Unused for" }).selectOption("30");
    await admin.frame.getByText("No key matches").waitFor();
    await admin.frame.getByRole("button", { name: "Clear filters" }).first().click();
    await count(admin, 13);
});
await test("several keys are revoked at once, with a reason", async () => {
    await admin.frame.getByRole("textbox", { name: "Search name, id or owner" }).fill("backup");
    await count(admin, 9);
    const ids = await column(admin, "Id");

    await admin.frame.getByRole("checkbox", { name: "Select all rows" }).check();
    await admin.frame.getByRole("button", { name: "Revoke 9 keys" }).click();
    await admin.frame.getByRole("textbox", { name: "Reason, for the audit log" }).fill("lost laptop");
    equal((await violations(admin)).join("\n"), "");
    await admin.frame.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
    await admin.frame.getByText("9 keys revoked").first().waitFor();
    await until(async () => (await column(admin, "Status")).every(text => text === "revoked"), "nine revoked rows");
    for (const id of ids)
        equal(keyOf(id).status, "revoked");
    equal(keyOf(ids[0]).reason, "lost laptop");
});
await test("what another administrator does is shown without a reload", async () => {
    await admin.frame.getByRole("button", { name: "Clear filters" }).click();
    await count(admin, 13);
    host("wfapikeyctl", "key", "issue", "bob", "--name", "fresh");
    await count(admin, 14);
});
await test("the page of a key has its rules, its uses and its events", async () => {
    await admin.frame.getByRole("link", { name: "mail" }).click();
    await admin.frame.getByText("dovecot, smtp").waitFor();
    await admin.frame.getByText("dovecot from 10.1.2.3").waitFor();
    await admin.frame.getByText("key issued").waitFor();
    await none(admin);
});
await test("it explains a login", async () => {
    await admin.frame.getByRole("textbox", { name: "PAM service" }).fill("sshd");
    await admin.frame.getByRole("button", { name: "Explain" }).click();
    await admin.frame.getByText("The login would be refused").waitFor();
    await admin.frame.getByRole("textbox", { name: "PAM service" }).fill("smtp");
    await admin.frame.getByRole("button", { name: "Explain" }).click();
    await admin.frame.getByText("The login would be accepted").waitFor();
    await none(admin);
});
await test("an id that no key has is said to be none", async () => {
    await show(admin, "/keys/0000000000");
    await admin.frame.getByText("This key cannot be shown").waitFor();
});
await test("a narrow and dark page has all of it", async () => {
    await show(admin, "/keys");
    await count(admin, 14);
    await admin.page.setViewportSize({ width: 420, height: 900 });
    await admin.page.emulateMedia({ colorScheme: "dark" });
    await admin.frame.locator("html.pf-v6-theme-dark").waitFor();
    await none(admin);
    await admin.frame.getByRole("combobox", { name: "Sort by" }).selectOption("name true");
    await until(async () => (await column(admin, "Name"))[0].startsWith("ש"), "the last name first");
    await admin.frame.getByRole("button", { name: "Go to next page" }).waitFor();
});
await test("without the daemon the page says so, and comes back by itself", async () => {
    await admin.page.setViewportSize({ width: 1440, height: 900 });
    host("systemctl", "stop", "wfapikeyd-control.socket", "wfapikeyd-verify.socket", "wfapikeyd.service");
    try {
        await admin.frame.getByText("wfapikeyd does not answer").waitFor();
        await none(admin);
    } finally {
        host("systemctl", "start", "wfapikeyd-control.socket", "wfapikeyd-verify.socket");
    }
    await count(admin, 14);
});

const alice = await login("alice");

await test("a user sees her own keys, and how to get administrative access", async () => {
    await alice.frame.getByText("These are your own keys").waitFor();
    await count(alice, 12);
    holds((await column(alice, "Owner")).every(owner => owner === "alice"), "a key of another user");
    await none(alice);
});
await test("she revokes one of them", async () => {
    await alice.frame.getByRole("link", { name: "<img" }).click();
    await alice.frame.getByRole("button", { name: "Revoke", exact: true }).click();
    await alice.frame.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
    await alice.frame.getByText("revoked").first().waitFor();
});
await test("the page runs no code of names, and loads nothing from elsewhere", async () => {
    equal(said.filter(text => /error:|alert|Content Security Policy/i.test(text)).join("\n"), "");
    equal(loaded.filter(url => !url.startsWith("http://127.0.0.1:9090/") && !url.startsWith("blob:") && !url.startsWith("data:")).join("\n"), "");
});
await finish();
