/* SPDX-License-Identifier: BSD-2-Clause */
/* The exit codes of wfapikeyctl. Scripts depend on the values. */
#pragma once

enum exit_code {
        CTL_OK = 0,
        /* an error that has no code of its own */
        CTL_FAILED = 1,
        /* the command line, or an argument that the daemon did not accept */
        CTL_USAGE = 2,
        /* no answer from the daemon */
        CTL_UNREACHABLE = 3,
        /* the user may not do this */
        CTL_DENIED = 4,
        /* no such key, certificate or user */
        CTL_NOT_FOUND = 5,
        /* the user may do this, but not now or not so */
        CTL_REFUSED = 6,
};
