// SPDX-License-Identifier: BSD-2-Clause
// What the scripts of this directory share: a browser that is logged in to Cockpit, and tests that
// are counted as in tests/container/lib. Nothing here waits for a time: it waits for what the page
// shows.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const modules = createRequire(join(process.env.WFAPIKEY_NODE_MODULES, "."));
const { chromium } = modules("playwright-core");
const COCKPIT = process.env.COCKPIT ?? "http://127.0.0.1:9090";
export const PASSWORD = process.env.PASSWORD ?? "correct horse 7";

export const WAIT_MS = 30_000;

let failures = 0;

/** Runs one test. Its text is what is true when check does not throw. */
export async function test(text, check) {
    try {
        await check();
        console.log(`ok - ${text}`);
    } catch (error) {
        failures++;
        console.log(`not ok - ${text}`);
        console.log(String(error.stack ?? error).replace(/^/gm, "    | "));
    }
}

/** Throws where actual is not what it has to be. */
export function equal(actual, wanted) {
    if (actual !== wanted)
        throw new Error(`got ${JSON.stringify(actual)}, wanted ${JSON.stringify(wanted)}`);
}

/** Throws where a condition does not hold. */
export function holds(condition, text) {
    if (!condition)
        throw new Error(text);
}

/** What a command of the host prints. */
export const host = (...command) => hostWith({}, ...command);

/** The same, with variables of the environment. */
export const hostWith = (env, command, ...words) => execFileSync(command, words, { encoding: "utf8", env: { ...process.env, ...env } }).trim();

/** The properties of a key, as wfapikeyctl shows them. */
export const keyOf = id => JSON.parse(host("wfapikeyctl", "key", "show", id, "--json"));

/** Tries until check returns something true, and returns that. */
export async function until(check, text) {
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 50))) {
        const result = await check();

        if (result)
            return result;
    }
    throw new Error(`waited in vain: ${text}`);
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium-headless-shell", args: ["--no-sandbox", "--lang=en-US"] });

/** All that pages have written to their consoles, and addresses that they have loaded. */
export const said = [], loaded = [];

function listen(page) {
    page.on("console", message => said.push(message.text()));
    page.on("pageerror", error => said.push(`error: ${error.message}`));
    page.on("request", request => loaded.push(request.url()));
}

/**
 * Logs a user in to Cockpit and opens the page.
 * @param {object} options admin: with administrative access; more are those of a browser's context
 * @returns {{page, frame, context}} frame is a locator for what is in the page of wfapikey
 */
export async function login(user, { admin = false, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", reducedMotion: "reduce", ...options });

    context.setDefaultTimeout(WAIT_MS);
    if (admin)
        await context.addInitScript(name => localStorage.setItem(`superuser:${name}`, "any"), user);
    const page = await context.newPage();

    listen(page);
    await page.goto(`${COCKPIT}/wfapikey`);
    await page.fill("#login-user-input", user);
    await page.fill("#login-password-input", PASSWORD);
    await page.click("#login-button");
    const frame = page.frameLocator("iframe[name='cockpit1:localhost/wfapikey']");

    await frame.locator("nav").first().waitFor();
    return { page, frame, context };
}

/** Shows a path of the page, as a person who follows a link. */
export async function show(session, path) {
    await session.page.evaluate(to => { window.location.hash = ""; window.history.pushState(null, "", to); window.dispatchEvent(new PopStateEvent("popstate")); }, `/wfapikey#${path}`);
}

/** Violations that axe-core finds in the page as it is. */
export async function violations(session) {
    const frame = session.page.frame("cockpit1:localhost/wfapikey");

    // Colours on their way to others are none that can be judged.
    await frame.evaluate(() => {
        const still = new CSSStyleSheet();

        still.replaceSync("* { transition: none !important; }");
        document.adoptedStyleSheets = [still];
    });
    await frame.evaluate(readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8"));
    const { violations: found } = await frame.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));

    return found.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join("\n      ")}`);
}

/** All that somebody could find in the pages of a session, in its address, and in its storage. */
export async function traces({ page }) {
    const parts = [page.url()];

    for (const frame of page.frames())
        parts.push(frame.url(), await frame.content(), await frame.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])));
    return parts.join("\n");
}

/** Ends the browser, and the script with the number of tests that failed. */
export async function finish() {
    await browser.close();
    process.exit(failures > 0 ? 1 : 0);
}
