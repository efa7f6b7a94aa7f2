/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes text harmless before a terminal shows it. */
#pragma once

/**
 * harmless(text, buffer):
 * Returns ${text} itself when it has no control characters. Otherwise returns it escaped by
 * text_escape(), in ${buffer}. The caller frees ${buffer} in either case. Never NULL.
 */
const char *harmless(const char *text, char **buffer);
