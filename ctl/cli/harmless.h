/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from elsewhere on its way to a terminal. */
#pragma once

/**
 * harmless(text, buffer):
 * ${text} in a form that can do nothing to a terminal: itself when it is free of control
 * characters, else escaped as text_escape() does, in ${buffer}, which the caller frees in any
 * case. Never NULL.
 */
const char *harmless(const char *text, char **buffer);
