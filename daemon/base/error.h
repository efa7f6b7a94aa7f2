/* SPDX-License-Identifier: BSD-2-Clause */
/* A sentence for the administrator that says what went wrong. One length, so that a caller hands
 * its own buffer on to whatever it calls. */
#pragma once

#define ERROR_LEN 512
