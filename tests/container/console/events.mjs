// SPDX-License-Identifier: BSD-2-Clause
// Goal: events come while the page is open, lead to a key and to its end, and are counted; many keys
// end at once.
import { equal, finish, holds, host, hostWith, keyOf, login, show, test, until, violations } from "./browser.mjs";

const admin = await login("root2", { admin: true });
const { frame } = admin;
const button = (name, within = frame) => within.getByRole("button", { name, exact: true });
const rows = frame.locator("tbody tr");
const dialog = frame.getByRole("dialog");
const issue = (...words) => host("wfapikeyctl", "key", "issue", ...words);
const use = (key, user, service) => {
    try {
        return hostWith({}, "sh", "-c", `echo ${key} | wfapikeyctl verify ${user} --service ${service} --rhost 192.0.2.9`);
    } catch {
        return "refused";
    }
};
const key = issue("bob", "--name", "phone", "--service", "dovecot"), id = key.slice(4, 14);

await show(admin, "/events");
await frame.getByRole("heading", { name: "What ends next" }).waitFor();
await test("a login appears while the page is open", async () => {
    await rows.filter({ hasText: id }).first().waitFor();
    use(key, "bob", "dovecot");
    await rows.filter({ hasText: id }).filter({ hasText: "accepted" }).waitFor();
    use(key, "bob", "sshd");
    await rows.filter({ hasText: id }).filter({ hasText: "The key is not good for this service." }).waitFor();
    equal((await violations(admin)).join("\n"), "");
});
await test("the chart counts it", () => frame.getByRole("img", { name: /Logins of the last day: [1-9]\d* accepted, [1-9]\d* refused/ }).waitFor());
await test("filters leave out the others", async () => {
    await frame.getByRole("combobox", { name: "Outcome" }).selectOption("refused");
    await until(async () => await rows.count() > 0 && await rows.filter({ hasText: /accepted|done/ }).count() === 0, "refused ones alone");
    await frame.getByRole("textbox", { name: "User" }).fill("nobody at all");
    await frame.getByText("There are no events.").waitFor();
    await frame.getByRole("textbox", { name: "User" }).fill("");
    await frame.getByRole("combobox", { name: "Outcome" }).selectOption("");
});
await test("from an event to the end of its key in two clicks", async () => {
    await button(`Revoke key ${id}`).first().click();
    await button("Revoke", dialog).click();
    await until(() => keyOf(id).status === "revoked", "it is revoked");
    await rows.filter({ hasText: "key revoked" }).filter({ hasText: id }).waitFor();
});
await test("from an event to its key", async () => {
    await rows.filter({ hasText: id }).getByRole("link").first().click();
    await frame.getByRole("heading", { name: "phone" }).waitFor();
});
await test("200 keys are revoked at once", async () => {
    host("sh", "-c", "for i in $(seq 200); do wfapikeyctl key issue bob --name bulk-$i || exit; done >/dev/null");
    await show(admin, "/keys");
    await frame.getByRole("textbox", { name: "Search name, id or owner" }).fill("bulk-");
    await frame.getByRole("button", { name: /1 - 50/ }).click();
    await frame.getByRole("menuitem", { name: "200" }).click();
    await until(async () => await rows.count() === 200, "200 rows");
    await frame.getByRole("checkbox", { name: "Select all rows" }).check();
    await button("Revoke 200 keys").click();
    await button("Revoke", dialog).click();
    await frame.getByText("200 keys revoked").first().waitFor();
    equal(JSON.parse(host("wfapikeyctl", "key", "list", "--search", "bulk-", "--status", "active", "--json")).length, 0);
});

const bob = await login("bob");

await test("a user sees events of own keys alone, and no part for administrators", async () => {
    await show(bob, "/events");
    await bob.frame.locator("tbody tr").first().waitFor();
    holds((await bob.frame.locator('td[data-label="User"]').allInnerTexts()).every(user => user === "bob"), "an event of another user");
    equal((await bob.frame.locator("nav.wfa-parts").innerText()).replace(/\s+/g, " "), "Keys Events");
    equal((await violations(bob)).join("\n"), "");
});
await finish();
