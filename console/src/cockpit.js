// SPDX-License-Identifier: BSD-2-Clause
// Cockpit's own library, which index.html loads before this page.
const cockpit = window.cockpit;

export default cockpit;
