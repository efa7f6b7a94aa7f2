// SPDX-License-Identifier: BSD-2-Clause
// Bundles the page:
//
//   node build.mjs OUTPUT [NODE_MODULES]
//
// OUTPUT gets all files of the page. They depend on nothing but Cockpit. NODE_MODULES is where npm
// has put the packages, if that is not beside this file. The result is the same on each machine.
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const output = resolve(process.argv[2] ?? "");
const modules = resolve(process.argv[3] ?? join(here, "node_modules"));
if (!process.argv[2]) {
    console.error("usage: node build.mjs OUTPUT [NODE_MODULES]");
    process.exit(2);
}

const esbuild = createRequire(join(modules, "."))("esbuild");

// Cockpit serves PatternFly's fonts, as fonts.css says. Those of PatternFly's own styles, and its
// pictures, are left out.
const fontsOfCockpit = {
    name: "fonts-of-cockpit",
    setup(build) {
        build.onResolve({ filter: /static\/fonts\// }, () => ({ external: true }));
        build.onLoad({ filter: /dist\/styles\/base\.css$/ }, ({ path }) => ({
            contents: readFileSync(path, "utf8").replace(/@font-face\s*\{[^}]*\}/g, "").replace(/url\("\.\/assets\/images[^)]*\)/g, "none"),
            loader: "css",
        }));
    },
};

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
await esbuild.build({
    absWorkingDir: here,
    entryPoints: { index: "src/index.jsx" },
    outdir: output,
    nodePaths: [modules],
    bundle: true,
    minify: true,
    jsx: "automatic",
    target: ["es2020"],
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [fontsOfCockpit],
    legalComments: "linked",
    logLevel: "warning",
});
for (const file of ["index.html", "manifest.json"])
    copyFileSync(join(here, "src", file), join(output, file));
