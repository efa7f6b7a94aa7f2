// SPDX-License-Identifier: BSD-2-Clause
// Asks the daemon for one page of keys.
import { ControlError, dict, plain } from "./control.js";

/** Calls ListKeys with a filter. Resolves to [rows, next]. */
export async function listKeys(control, filter) {
    try {
        const [keys, next] = await control.call("ListKeys", dict(filter));

        return [keys.map(plain), next];
    } catch (error) {
        // A daemon that cannot sort says that it has no such option.
        if (error.kind === "InvalidArgument" && filter.sort && /option 'sort'/.test(error.message))
            throw new ControlError("Old", "sort");
        throw error;
    }
}
