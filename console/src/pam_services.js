// SPDX-License-Identifier: BSD-2-Clause
// The services that PAM has files for on this host.
import cockpit from "./cockpit.js";

const DIRECTORIES = ["/etc/pam.d", "/usr/lib/pam.d"];
// Files that others include, and what needs no login of a user.
const NO_SERVICE = /^(common-.*|other|wfapikey|.*~|.*\.(dpkg|rpm|ucf)-.*|\..*)$/;

/** The names that a key can be for, of a listing. */
export const servicesOf = names => [...new Set(names.map(name => name.toLowerCase()))]
    .filter(name => /^[0-9a-z._-]{1,64}$/.test(name) && !NO_SERVICE.test(name)).sort();

/** Resolves to the names of the services. A directory that is not there has none. */
export async function pamServices() {
    const lists = await Promise.all(DIRECTORIES.map(directory =>
        cockpit.spawn(["ls", "-1", directory], { err: "ignore" }).then(text => text.split("\n"), () => [])));

    return servicesOf(lists.flat());
}
