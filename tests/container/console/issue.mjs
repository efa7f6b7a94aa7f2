// SPDX-License-Identifier: BSD-2-Clause
// Goal: a key is issued, shown once and used; what the policy forbids is said before; the key leaves
// no trace in the browser.
import { equal, finish, holds, host, hostWith, keyOf, login, said, show, test, traces, until, violations } from "./browser.mjs";

const admin = await login("root2", { admin: true, permissions: ["clipboard-read", "clipboard-write"] });
const { frame } = admin;
const button = (name, within = frame) => within.getByRole("button", { name, exact: true });
const dialog = frame.getByRole("dialog");
const policy = (...words) => host("wfapikeyctl", "policy", "set", ...words);
const copied = () => admin.page.evaluate(() => navigator.clipboard.readText());
const secrets = [];
const logsIn = key => hostWith({ SSHPASS: key }, "sshpass", "-e", "ssh", "-p", "2222", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
    "-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR", "alice@127.0.0.1", "id -un");
const idOf = key => key.slice(4, 14);

/** Copies the key that is shown, and closes its dialog. */
async function take() {
    const shown = await dialog.locator("code").innerText();

    secrets.push(shown);
    await button("Copy", dialog).click();
    await dialog.getByText("Copied").waitFor();
    equal(await copied(), shown);
    await button("Close", dialog.locator("footer")).click();
    await dialog.waitFor({ state: "detached" });
    return shown;
}

async function form(owner, name) {
    await button("Issue a key").click();
    await dialog.getByRole("textbox", { name: "Owner" }).fill(owner);
    await dialog.getByRole("textbox", { name: "Name" }).fill(name);
}

let key;

await test("an administrator issues a key, and axe finds nothing in the form", async () => {
    await form("alice", "laptop");
    await dialog.getByRole("checkbox", { name: "sshd", exact: true }).check();
    await dialog.getByRole("combobox", { name: "Expires" }).selectOption("90d");
    await dialog.getByRole("textbox", { name: "Sources" }).fill("127.0.0.0/8, 10.0.0.0/8");
    equal((await violations(admin)).join("\n"), "");
    await button("Issue", dialog).click();
    await dialog.getByText("It is shown once").waitFor();
});
await test("the key is shown, and closing it before it was copied is asked about", async () => {
    equal((await violations(admin)).join("\n"), "");
    await button("Close", dialog.locator("footer")).click();
    await dialog.getByText("You have not copied the key").waitFor();
    key = await take();
    holds(/^wfk_/.test(key), "no key");
});
await test("it has the rules of the form", async () => {
    const { owner, name, services, networks, expires, created } = keyOf(idOf(key));

    equal(JSON.stringify([owner, name, services, networks]), '["alice","laptop",["sshd"],["127.0.0.0/8","10.0.0.0/8"]]');
    equal(Math.round((Date.parse(expires) - Date.parse(created)) / 86400_000), 90);
});
await test("the copied key logs in through sshd", async () => equal(logsIn(key), "alice"));
await test("what the policy forbids is said before", async () => {
    policy("max-lifetime=10d", "max-keys-per-user=2");
    await admin.page.reload();
    await form("alice", "one too many");
    await dialog.getByText("active keys already").waitFor();
    holds(await button("Issue", dialog).isDisabled(), "it can be sent");
    await dialog.getByRole("textbox", { name: "Owner" }).fill("root2");
    await dialog.getByText("active keys already").waitFor({ state: "detached" });
    equal((await dialog.getByRole("combobox", { name: "Expires" }).locator("option").evaluateAll(options => options.map(({ value }) => value))).join(), ",1d,7d,date");
    await button("Cancel", dialog).click();
    policy("max-lifetime=none", "max-keys-per-user=1000");
});
await test("a mistake in the form is told by the daemon, and the form stays", async () => {
    await admin.page.reload();
    await form("alice", "mistaken");
    await dialog.getByRole("textbox", { name: "Sources" }).fill("10.0.0.300");
    await button("Issue", dialog).click();
    await dialog.getByText("10.0.0.300").first().waitFor();
    await button("Cancel", dialog).click();
});
await test("a key is renamed", async () => {
    await show(admin, `/keys/${idOf(key)}`);
    await button("Rename").click();
    await dialog.getByRole("textbox", { name: "Name" }).fill("notebook");
    await button("Rename", dialog).click();
    await frame.getByRole("heading", { name: "notebook" }).waitFor();
});
await test("a key gets a new secret, and the old one is refused", async () => {
    await button("New secret").click();
    await button("Give a new secret", dialog).click();
    const next = await take();

    equal(idOf(next), idOf(key));
    equal(logsIn(next), "alice");
    let refused = false;

    try {
        logsIn(key);
    } catch {
        refused = true;
    }
    holds(refused, "the old secret logs in");
    key = next;
});
await test("a key is bound to a registered certificate", async () => {
    host("wfapikeyctl", "cert", "add", `${process.env.PKI}/alice.pem`, "--name", "alice");
    await button("Bind").click();
    const choice = dialog.getByRole("combobox");

    await until(() => choice.locator("option").nth(1).count(), "the certificate");
    await choice.selectOption({ index: 1 });
    await button("Bind", dialog).click();
    await until(() => keyOf(idOf(key)).certificate, "it is bound");
});
await test("a key is rotated, and both name the other", async () => {
    await button("Rotate").click();
    await dialog.getByRole("combobox").selectOption("use");
    await button("Rotate", dialog).click();
    const next = await take();

    equal(keyOf(idOf(key)).successor, idOf(next));
    await frame.getByRole("link", { name: idOf(next) }).click();
    await frame.locator("dl").getByRole("link", { name: idOf(key) }).waitFor();
});
await test("a page that is left before the key was copied asks", async () => {
    await show(admin, "/keys");
    await form("alice", "left");
    await button("Issue", dialog).click();
    await dialog.getByText("It is shown once").waitFor();
    secrets.push(await dialog.locator("code").innerText());
    const asked = new Promise(resolve => admin.page.on("dialog", async box => { resolve(box.type()); await box.accept(); }));

    admin.page.reload().catch(() => {});
    equal(await asked, "beforeunload");
    await frame.locator("table").first().waitFor();
});
await test("no secret is left in the pages, their addresses, their storage or the console", async () => {
    const all = [await traces(admin), ...said].join("\n");

    holds(secrets.length >= 4, "too few secrets");
    for (const secret of secrets)
        holds(!all.includes(secret.slice(14)), `the secret of ${idOf(secret)} is left`);
});

const alice = await login("alice");

await test("a user issues a key for herself", async () => {
    await button("Issue a key", alice.frame).click();
    const own = alice.frame.getByRole("dialog");

    equal(await own.getByRole("textbox", { name: "Owner" }).count(), 0);
    await own.getByRole("textbox", { name: "Name" }).fill("mine");
    await button("Issue", own).click();
    const made = await own.locator("code").innerText();

    equal(keyOf(idOf(made)).owner, "alice");
    equal((await violations(alice)).join("\n"), "");
});
await test("a user who may not issue is told so", async () => {
    host("sh", "-c", "groupadd developers && printf '[daemon]\\ndeveloper-group = developers\\n' >/etc/wfapikey/wfapikeyd.conf.d/developers.conf && systemctl reload wfapikeyd");
    alice.page.on("dialog", box => box.accept());
    await alice.page.reload();
    await alice.frame.getByText("You may not issue keys on this host").waitFor();
    equal(await button("Issue a key", alice.frame).count(), 0);
});
await finish();
