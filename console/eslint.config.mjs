// SPDX-License-Identifier: BSD-2-Clause
// What is asked of the page's code. Names of packages are looked up where npm has put them, which
// need not be beside this file.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = createRequire(join(process.env.WFAPIKEY_NODE_MODULES || join(dirname(fileURLToPath(import.meta.url)), "node_modules"), "."));
const js = modules("@eslint/js");
const globals = modules("globals");
const react = modules("eslint-plugin-react");
const hooks = modules("eslint-plugin-react-hooks");

export default [
    { ignores: ["node_modules/", "made/", "prebuilt/"] },
    js.configs.recommended,
    {
        files: ["**/*.{js,jsx,mjs}"],
        plugins: { react, "react-hooks": hooks },
        languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
        settings: { react: { version: "18.3" } },
        rules: {
            ...react.configs.recommended.rules,
            ...react.configs["jsx-runtime"].rules,
            ...hooks.configs.recommended.rules,
            "react/prop-types": "off",
            "react/no-danger": "error",
            "react-hooks/exhaustive-deps": "error",
            "max-lines": ["error", 400],
            "max-lines-per-function": ["error", 60],
            "max-len": ["error", { code: 170 }],
            "no-console": "error",
            "no-eval": "error",
            "no-restricted-properties": ["error",
                { property: "innerHTML", message: "texts of others are text" },
                { property: "insertAdjacentHTML", message: "texts of others are text" }],
            "prefer-const": "error",
            eqeqeq: "error",
            indent: ["error", 4, { SwitchCase: 0, ignoredNodes: ["JSXElement", "JSXElement *", "JSXFragment", "ConditionalExpression", "TemplateLiteral *"] }],
            quotes: ["error", "double", { avoidEscape: true }],
            semi: "error",
        },
    },
    { files: ["src/**"], languageOptions: { globals: globals.browser } },
    { files: ["*.mjs", "test/**"], languageOptions: { globals: globals.node }, rules: { "no-console": "off" } },
];
