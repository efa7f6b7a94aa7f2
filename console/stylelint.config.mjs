// SPDX-License-Identifier: BSD-2-Clause
// What is asked of the page's styles. See eslint.config.mjs for the place of packages.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = process.env.WFAPIKEY_NODE_MODULES || join(dirname(fileURLToPath(import.meta.url)), "node_modules");

export default {
    extends: join(modules, "stylelint-config-standard/index.js"),
    rules: {
        // Names of PatternFly's classes and tokens.
        "selector-class-pattern": null,
        "custom-property-pattern": null,
    },
};
