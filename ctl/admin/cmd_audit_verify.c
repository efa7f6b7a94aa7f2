/* SPDX-License-Identifier: BSD-2-Clause */
/* Has the daemon check the audit log, piece by piece, and reports the result. Knows nothing of
 * how the log is sealed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/cmd_audit_verify.h"
#include "call/call.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "draw/json.h"

static enum exit_code say_fault(const struct args *args, uint64_t checked, uint64_t bad,
                                const char *fault) {
        _cleanup_free_ char *buffer = NULL;
        struct json j = {};

        if (args->json) {
                json_open(&j, NULL, '{');
                json_bool(&j, "intact", !*fault);
                json_number(&j, "checked", checked);
                json_text(&j, "fault", *fault ? fault : NULL);
                if (*fault)
                        json_number(&j, "bad", bad);
                json_close(&j, '}');
        } else if (!*fault)
                printf("The audit log is intact: %" PRIu64 " events.\n", checked);
        if (!*fault)
                return CTL_OK;
        if (strcmp(fault, "altered") == 0)
                say_error("the audit log is not intact: event %" PRIu64 " is not as it was written",
                          bad);
        else if (strcmp(fault, "missing") == 0)
                say_error("the audit log is not intact: event %" PRIu64 " is missing", bad);
        else if (strcmp(fault, "unsealed") == 0)
                say_error("the audit log is not intact: its seal is broken, so events may be "
                          "missing before its first or behind its last one, %" PRIu64,
                          bad);
        else
                say_error("the audit log is not intact: event %" PRIu64 ": %s", bad,
                          harmless(fault, &buffer));
        return CTL_REFUSED;
}

enum exit_code cmd_audit_verify(const struct args *args) {
        _cleanup_call_ struct call call = {};
        uint64_t next = 0, n, checked = 0, bad;
        const char *fault;
        enum exit_code rc;

        rc = call_open(&call, args->control);
        while (rc == CTL_OK) {
                _cleanup_message_ sd_bus_message *reply = NULL;
                uint64_t after = next;

                rc = call_plain(&call, "VerifyAudit", &reply, "t", after);
                if (rc == CTL_OK)
                        rc = call_read(reply, "ttts", &next, &n, &bad, &fault);
                if (rc != CTL_OK)
                        return rc;
                if (next > 0 && next <= after)
                        return call_misread(-EBADMSG);
                checked += n;
                if (*fault || next == 0)
                        return say_fault(args, checked, bad, fault);
                if (checked % 100000 < n)
                        say_note("%" PRIu64 " events are as they were written ...", checked);
        }
        return rc;
}
