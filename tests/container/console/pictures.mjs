// SPDX-License-Identifier: BSD-2-Clause
// Takes the pictures of the manual, console/pictures: run.sh starts this where WFAPIKEY_PICTURES names
// a directory for them. Removes all keys that are there, and makes some that look like a host's.
import { finish, host, hostWith, login, show } from "./browser.mjs";

const DIRECTORY = process.argv[2];
const issue = (...words) => host("wfapikeyctl", "key", "issue", ...words);
const use = (key, user, service, source) => {
    try {
        hostWith({}, "sh", "-c", `echo ${key} | wfapikeyctl verify ${user} --service ${service} --rhost ${source} 2>&1`);
    } catch {
        // Some are to be refused.
    }
};

host("wfapikeyctl", "key", "remove-all", "--yes");
host("sh", "-c", "id carol >/dev/null 2>&1 || useradd carol");
const backup = issue("alice", "--name", "backup", "--service", "sshd", "--from", "10.1.0.0/16", "--expires", "1y");
const mail = issue("bob", "--name", "mail", "--service", "dovecot", "--service", "smtp", "--expires", "90d");
const ci = issue("carol", "--name", "ci", "--service", "nginx", "--from", "198.51.100.0/24", "--expires", "6d");
const old = issue("bob", "--name", "old phone", "--service", "dovecot");

issue("alice", "--name", "laptop", "--service", "sshd", "--from", "10.0.0.0/8", "--expires", "90d");
issue("alice", "--name", "phone", "--service", "dovecot", "--expires", "30d");
issue("carol", "--name", "deploy", "--service", "sshd", "--from", "198.51.100.7", "--expires", "180d");
issue("carol", "--name", "metrics", "--service", "nginx", "--from", "10.2.0.0/16");
for (let i = 0; i < 9; i++)
    use(mail, "bob", "dovecot", `10.0.4.${20 + i}`);
for (let i = 0; i < 4; i++)
    use(backup, "alice", "sshd", "10.1.7.3");
use(ci, "carol", "nginx", "198.51.100.9");
use(backup, "alice", "sshd", "203.0.113.80");
host("wfapikeyctl", "key", "revoke", old.slice(4, 14), "--reason", "phone was lost");
use(old, "bob", "dovecot", "203.0.113.80");

const session = await login("root2", { admin: true, viewport: { width: 1280, height: 720 } });
const { frame, page } = session;
const picture = name => page.screenshot({ path: `${DIRECTORY}/${name}.png` });
const column = (frame_, name) => frame_.locator(`td[data-label="${name}"]`).first().waitFor();

await column(frame, "Last used");
await frame.getByRole("button", { name: "Owner" }).click();
await frame.getByText("ago").first().waitFor();
await picture("keys");

await frame.getByRole("button", { name: "Issue a key" }).click();
await frame.getByRole("dialog").getByRole("textbox", { name: "Owner" }).fill("alice");
await frame.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("laptop");
await frame.getByRole("dialog").getByRole("checkbox", { name: "sshd", exact: true }).check();
await picture("issue");
await frame.getByRole("button", { name: "Cancel" }).click();

await page.emulateMedia({ colorScheme: "dark" });
await show(session, "/events");
await frame.locator("tbody tr").filter({ hasText: "refused" }).first().waitFor();
await frame.getByRole("img", { name: /[1-9]\d* accepted/ }).waitFor();
await picture("events");

await page.setViewportSize({ width: 420, height: 800 });
await show(session, `/keys/${mail.slice(4, 14)}`);
await frame.getByText("Would this key").waitFor();
await picture("key");
await finish();
