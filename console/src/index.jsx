// SPDX-License-Identifier: BSD-2-Clause
// Puts the page into its document.
import "@patternfly/react-core/dist/styles/base.css";
import "./fonts.css";
import "./index.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.jsx";
import { followTheme } from "./theme.js";

followTheme();
createRoot(document.getElementById("app")).render(<App />);
