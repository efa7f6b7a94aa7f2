/* SPDX-License-Identifier: BSD-2-Clause */
/* wfapikeyctl doctor: is all as it should be, and what to do where it is not. */
#pragma once

#include "cli/args.h"

/**
 * cmd_doctor(args): CTL_OK when nothing is worse than a hint; CTL_REFUSED; CTL_UNREACHABLE when
 * the daemon does not answer, after the other checks; CTL_USAGE; CTL_FAILED.
 */
enum exit_code cmd_doctor(const struct args *args);
