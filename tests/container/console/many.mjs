// SPDX-License-Identifier: BSD-2-Clause
// Goal: the table stays quick and is sorted whole with very many keys: WFAPIKEY_CONSOLE_KEYS of them,
// by default more than the daemon looks at with one call.
import { equal, finish, holds, host, login, show, test, until } from "./browser.mjs";

const COUNT = Number(process.env.WFAPIKEY_CONSOLE_KEYS ?? 30_000);
const sql = text => host("sqlite3", "/var/lib/wfapikey/keys.db", text);

host("wfapikeyctl", "key", "remove-all", "--yes");
const model = host("wfapikeyctl", "key", "issue", "bob", "--name", "model", "--service", "sshd", "--expires", "1d").slice(4, 14);
host("systemctl", "stop", "wfapikeyd-control.socket", "wfapikeyd-verify.socket", "wfapikeyd.service");
sql(`WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${COUNT})
    INSERT INTO key (id, digest, pepper, owner, owner_uid, name, services, networks, status, reason, created_at, updated_at, expires_at, bound_at, epoch)
    SELECT printf('%010d', n * 7919 % 1000003), randomblob(32), pepper, owner, owner_uid, 'many ' || (n * 31 % 9973), services, networks, 0, '',
        created_at - n, created_at - n, created_at + 864000 + n, 0, epoch FROM n, key WHERE key.id = '${model}'`);
host("systemctl", "start", "wfapikeyd-control.socket", "wfapikeyd-verify.socket");

const admin = await login("root2", { admin: true });
const { frame } = admin;
const names = () => frame.locator('td[data-label="Name"]').allInnerTexts();
const expected = (order, first, count) => sql(`SELECT name FROM key WHERE epoch = (SELECT max(epoch) FROM key) ORDER BY ${order} LIMIT ${count} OFFSET ${first}`).split("\n").join();
const timed = async (what, act) => {
    const start = Date.now();

    await act();
    console.log(`# ${COUNT} keys: ${what} took ${Date.now() - start} ms`);
};

await test("the first page comes at once", async () => {
    await frame.locator("tbody tr").first().waitFor();
    await show(admin, "/events");
    await frame.getByRole("heading", { name: "What ends next" }).waitFor();
    await timed("the first page", async () => {
        await show(admin, "/keys");
        await until(async () => (await names()).length === 50, "50 rows");
    });
});
for (const [column, order] of [["Name", "lower(name), name, id"], ["Created", "created_at, id"], ["Expires", "expires_at, id"]]) {
    await test(`all of them are sorted: ${column}`, async () => {
        const up = expected(order, 0, 50), down = expected(order.replace(/,|$/g, " DESC$&"), 0, 50);

        await timed(`sorting by ${column}`, async () => {
            await frame.getByRole("button", { name: column, exact: true }).click();
            await until(async () => (await names()).join() === up, up);
        });
        await frame.getByRole("button", { name: column, exact: true }).click();
        await until(async () => (await names()).join() === down, down);
    });
}
await test("later pages go on in that order", async () => {
    for (const page of [1, 2, 3, 4]) {
        await frame.getByRole("button", { name: "Go to next page" }).click();
        const rows = expected("expires_at DESC, id DESC", page * 50, 50);

        await until(async () => (await names()).join() === rows, rows);
    }
});
await test("a search finds one of them", async () => {
    await timed("the search", async () => {
        await frame.getByRole("textbox", { name: "Search name, id or owner" }).fill("model");
        await until(async () => (await names()).join() === "model", "the model");
    });
    equal(await frame.locator("tbody tr").count(), 1);
});
holds(host("wfapikeyctl", "key", "remove-all", "--yes") !== undefined, "they are gone");
await finish();
