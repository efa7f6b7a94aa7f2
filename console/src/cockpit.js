// SPDX-License-Identifier: BSD-2-Clause
// Cockpit's own library, which index.html loads before this page.
const cockpit = globalThis.cockpit;

export default cockpit;
