/* SPDX-License-Identifier: BSD-2-Clause */
/* Where stdout goes: to a person's terminal, maybe through a pager, or to a program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * screen_is_terminal(): whether a person reads stdout.
 */
bool screen_is_terminal(void);

/**
 * screen_width(): the columns of the terminal behind a pager. 0: ask stdout itself.
 */
size_t screen_width(void);

/**
 * screen_page():
 * Starts a pager, if stdout is a terminal, and makes stdout lead to it. To be called before
 * anything is written. It is $WFAPIKEY_PAGER, $PAGER or less(1); none where the first of these
 * that is set is empty or "cat". For root it is less(1), in its secure mode.
 */
void screen_page(void);

/**
 * screen_close():
 * To be called when stdout has been closed: waits until the person has left the pager. Returns
 * whether there was one.
 */
bool screen_close(void);
