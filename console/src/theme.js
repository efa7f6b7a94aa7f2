// SPDX-License-Identifier: BSD-2-Clause
// Follows the style that the user has chosen in Cockpit's shell: light, dark, or that of the system.

const DARK_CLASS = "pf-v6-theme-dark";

function apply(system, chosen) {
    const style = chosen || localStorage.getItem("shell:style") || "auto";

    document.documentElement.classList.toggle(DARK_CLASS, style === "dark" || (style === "auto" && system.matches));
}

/** Sets the style now, and whenever the user changes it. */
export function followTheme() {
    const system = window.matchMedia("(prefers-color-scheme: dark)");

    window.addEventListener("storage", event => {
        if (event.key === "shell:style")
            apply(system);
    });
    // The shell tells its frames by this event, as Cockpit's own pages expect it.
    window.addEventListener("cockpit-style", event => apply(system, event.detail?.style));
    system.addEventListener("change", () => apply(system));
    apply(system);
}
