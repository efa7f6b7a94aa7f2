// SPDX-License-Identifier: BSD-2-Clause
// Goal: pages of the daemon may be short or empty, and the rows are complete all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CALL_ROWS, KeyPages } from "../src/key_pages.js";

/** A daemon with these pages; notes what it was asked. */
function daemon(pages) {
    const asked = [];
    const list = async position => {
        asked.push(position);
        return pages[asked.length - 1];
    };

    return { asked, list };
}

test("short and empty pages", async () => {
    const { asked, list } = daemon([[[1, 2], "b"], [[], "c"], [[3], ""]]);
    const pages = new KeyPages(list);

    assert.deepEqual(await pages.upTo(50), [1, 2, 3]);
    assert.equal(pages.complete, true);
    assert.deepEqual(asked.map(({ after }) => after), [undefined, "b", "c"]);
});

test("no more than is needed", async () => {
    const { asked, list } = daemon([[[1, 2], "b"], [[3, 4], "d"]]);
    const pages = new KeyPages(list);

    await pages.upTo(2);
    assert.equal(asked.length, 1);
    assert.equal(asked[0].limit, 2);
    assert.equal(pages.complete, false);
    await pages.upTo(4);
    assert.deepEqual(pages.rows, [1, 2, 3, 4]);
});

test("two who ask at once get each row once", async () => {
    const { asked, list } = daemon([[[1, 2], "b"], [[3], ""]]);
    const pages = new KeyPages(list);
    const both = await Promise.all([pages.upTo(2), pages.upTo(50)]);

    assert.deepEqual(both[1], [1, 2, 3]);
    assert.deepEqual(asked.map(({ after }) => after), [undefined, "b"]);
});

test("after an error the next one tries again", async () => {
    let broken = true;
    const pages = new KeyPages(async () => {
        if (broken)
            throw new Error("lost");
        return [[1], ""];
    });

    await assert.rejects(pages.upTo(5), { message: "lost" });
    broken = false;
    assert.deepEqual(await pages.upTo(5), [1]);
});

test("one call asks for no more than the daemon gives", async () => {
    const { asked, list } = daemon([[[], ""]]);

    await new KeyPages(list).upTo(5000);
    assert.equal(asked[0].limit, CALL_ROWS);
});

test("where a call takes as long for one row, it brings as many as it can", async () => {
    const { asked, list } = daemon([[[1], "b"], [[2], ""]]);
    const pages = new KeyPages(list, true);

    await pages.upTo(1);
    assert.deepEqual(asked, [{ after: undefined, limit: CALL_ROWS }]);
});
