// SPDX-License-Identifier: BSD-2-Clause
// Asks the daemon for one page of keys.
import { dict, plain } from "./control.js";

/** Calls ListKeys with a filter. Resolves to [rows, next]. */
export async function listKeys(control, filter) {
    const [keys, next] = await control.call("ListKeys", dict(filter));

    return [keys.map(plain), next];
}
