// SPDX-License-Identifier: BSD-2-Clause
// Goal: certificates and revocation lists by upload, never a private key; policies with what they
// touch; and the removal of all keys.
import { equal, finish, holds, host, login, show, test, until, violations } from "./browser.mjs";

const PKI = process.env.PKI;
const admin = await login("root2", { admin: true });
const { frame } = admin;
const button = (name, within = frame) => within.getByRole("button", { name, exact: true });
const dialog = frame.getByRole("dialog");
const none = async () => equal((await violations(admin)).join("\n"), "");
const certs = () => JSON.parse(host("wfapikeyctl", "cert", "list", "--json"));
const policy = name => JSON.parse(host("wfapikeyctl", "policy", "show", "--json"))[name];

async function upload(file, kind = "client") {
    await button("Add a certificate or a revocation list").click();
    await dialog.getByRole("combobox", { name: "Kind" }).selectOption(kind);
    await dialog.locator("input[type=file]").setInputFiles(file);
}
async function added(text) {
    await button("Add", dialog).click();
    await frame.getByText(text).first().waitFor();
    await dialog.waitFor({ state: "detached" });
}

host("sh", "-c", `cd ${PKI} && openssl x509 -in bob.pem -outform DER -out bob.der && cat alice.pem alice.key >both.pem`);
const before = certs().length;

await show(admin, "/certificates");
await test("a file with a private key is refused in the browser", async () => {
    for (const file of ["alice.key", "both.pem"]) {
        await upload(`${PKI}/${file}`);
        await dialog.getByText("This file holds a private key").waitFor();
        holds(await button("Add", dialog).isDisabled(), "it can be sent");
        await none();
        await button("Cancel", dialog).click();
    }
    equal(certs().length, before);
});
await test("a certificate in DER, a CA in PEM, and its revocation list", async () => {
    await upload(`${PKI}/bob.der`);
    await added("Certificate added");
    await upload(`${PKI}/root.pem`, "ca");
    await added("CA added");
    await upload(`${PKI}/root.crl`, "crl");
    await added("Revocation list loaded");
    equal(certs().length, before + 2);
    await none();
});
await test("what the daemon refuses is told, and the form stays", async () => {
    await upload(`${PKI}/expired.pem`);
    await button("Add", dialog).click();
    await dialog.getByText("expired").first().waitFor();
    await button("Cancel", dialog).click();
});
await test("the nine details of a certificate are in their order, with its thumbprint and its keys", async () => {
    const { thumbprint } = certs().find(({ name }) => name === "bob");
    const id = host("wfapikeyctl", "key", "issue", "bob", "--name", "bound", "--require-certificate", "--certificate", thumbprint).slice(4, 14);

    await frame.getByRole("link", { name: "bob" }).click();
    await frame.getByText("1 key bound to it").waitFor();
    await frame.getByRole("link", { name: id }).waitFor();
    equal((await frame.locator("dt").allInnerTexts()).slice(0, 10).join(), "Subject common name,Subject organization,Subject organization unit," +
        "Issuer common name,Issuer organization,Issuer organization unit,Serial number,Issue date,Expiration date,Thumbprint (SHA-256)");
    await frame.getByText(thumbprint).waitFor();
    await none();
});
await test("a removal says which keys it touches", async () => {
    await button("Remove").click();
    await dialog.getByText("1 key bound to it").waitFor();
    await button("Remove", dialog).click();
    await until(() => certs().length === before + 1, "it is gone");
    host("wfapikeyctl", "cert", "remove", "Wurzel Zürich");
});
await test("a policy is changed, after it was said how many keys that touches", async () => {
    const active = JSON.parse(host("wfapikeyctl", "status", "--json"))["keys-active"];

    await show(admin, "/policy");
    await button("Change enabled").click();
    await dialog.getByRole("combobox").selectOption("no");
    await dialog.getByText(`keys that this touches: ${active}`).waitFor();
    await none();
    await button("Change", dialog).click();
    await frame.getByText("enabled is no now").first().waitFor();
    equal(policy("enabled"), false);
    host("wfapikeyctl", "policy", "set", "enabled=yes");
});
await test("one service requires a certificate", async () => {
    await frame.getByRole("textbox", { name: "PAM service" }).fill("smtp");
    await button("Change").click();
    await dialog.getByRole("combobox").selectOption("proof");
    await dialog.getByText("Clients without one are refused").waitFor();
    await button("Change", dialog).click();
    await button("Change require-certificate:smtp").waitFor();
    await none();
    equal(policy("require-certificate:smtp"), "proof");
    host("wfapikeyctl", "policy", "set", "require-certificate:smtp=no");
});
await test("a value that is not right is told by the daemon", async () => {
    await button("Change lifetime").click();
    await dialog.getByRole("textbox").fill("a while");
    await button("Change", dialog).click();
    await dialog.getByText("lifetime='a while' is not right").waitFor();
    await button("Cancel", dialog).click();
});
await test("the status page has the findings of the doctor", async () => {
    await show(admin, "/status");
    await frame.getByText("verify-socket").waitFor();
    await frame.getByText(/attention|All is well/).first().waitFor();
    await none();
});
await test("all keys are removed when their number was typed", async () => {
    const count = JSON.parse(host("wfapikeyctl", "key", "list", "--json")).length;

    holds(count > 5, "there are keys");
    await show(admin, "/policy");
    await button("Remove all keys").click();
    await dialog.getByText(`There are ${count} keys.`).waitFor();
    await dialog.getByRole("textbox").fill(String(count + 1));
    holds(await button("Remove all keys", dialog).isDisabled(), "a wrong number is enough");
    await dialog.getByRole("textbox").fill(String(count));
    await none();
    await button("Remove all keys", dialog).click();
    await frame.getByText(`${count} keys removed`).first().waitFor();
    equal(host("wfapikeyctl", "key", "list", "--json"), "[]");
});
await finish();
