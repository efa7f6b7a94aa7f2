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
#include "parse.h"

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
        else if (strcmp(fault, "older") == 0)
                say_error("the audit log ends before event %" PRIu64 " of the mark: the store was "
                          "replaced by an older copy",
                          bad);
        else if (strcmp(fault, "other") == 0)
                say_error("event %" PRIu64
                          " is not that of the mark: the store was replaced by one "
                          "with another history",
                          bad);
        else if (strcmp(fault, "purged") == 0)
                say_error("event %" PRIu64 " of the mark was purged since, so nothing can be "
                          "compared: note a newer mark",
                          bad);
        else if (strcmp(fault, "unsealed") == 0)
                say_error("the audit log is not intact: its seal is broken, so events may be "
                          "missing before its first or behind its last one, %" PRIu64,
                          bad);
        else
                say_error("the audit log is not intact: event %" PRIu64 ": %s", bad,
                          harmless(fault, &buffer));
        return CTL_REFUSED;
}

/* --- Marks --- */

/* The event's number, a colon, and its seal. */
#define SEAL_LEN 64
#define MARK_LEN (20 + 1 + SEAL_LEN + 1)

static enum exit_code ask_mark(const struct call *call, uint64_t seq, sd_bus_message **reply,
                               uint64_t *ret_last, const char **ret_seal) {
        enum exit_code rc = call_plain(call, "MarkAudit", reply, "t", seq);

        if (rc == CTL_OK)
                rc = call_read(*reply, "ts", ret_last, ret_seal);
        return rc;
}

enum exit_code cmd_audit_verify_mark(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_call_ struct call call = {};
        struct json j = {};
        char mark[MARK_LEN];
        const char *seal;
        uint64_t last;
        enum exit_code rc;

        rc = call_open(&call, args->control);
        if (rc == CTL_OK)
                rc = ask_mark(&call, 0, &reply, &last, &seal);
        if (rc != CTL_OK)
                return rc;
        if (strlen(seal) != SEAL_LEN)
                return call_misread(-EBADMSG);
        (void) snprintf(mark, sizeof(mark), "%" PRIu64 ":%s", last, seal);
        if (args->json) {
                json_open(&j, NULL, '{');
                json_text(&j, "mark", mark);
                json_close(&j, '}');
        } else
                printf("%s\n", mark);
        return CTL_OK;
}

/* The part of the mark behind the colon goes to ${ret_seal}. */
static enum exit_code read_mark(const char *mark, uint64_t *ret_seq, const char **ret_seal) {
        const char *colon = strchr(mark, ':');
        char number[21];

        if (colon && (size_t) (colon - mark) < sizeof(number)) {
                memcpy(number, mark, (size_t) (colon - mark));
                number[colon - mark] = '\0';
                if (parse_u64(number, 1, INT64_MAX, ret_seq) >= 0 &&
                    strlen(colon + 1) == SEAL_LEN) {
                        *ret_seal = colon + 1;
                        return CTL_OK;
                }
        }
        say_error("--mark: give a line that 'audit mark' has printed");
        return CTL_USAGE;
}

/* Whether the log still has the event of the mark that the user gave. */
static enum exit_code compare_mark(const struct args *args, const struct call *call,
                                   const char *mark) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *want, *seal;
        uint64_t seq, last;
        enum exit_code rc;

        rc = read_mark(mark, &seq, &want);
        if (rc == CTL_OK)
                rc = ask_mark(call, seq, &reply, &last, &seal);
        if (rc != CTL_OK || strcmp(seal, want) == 0)
                return rc;
        return say_fault(args, 0, seq, *seal ? "other" : seq > last ? "older" : "purged");
}

/* --- The whole log --- */

enum exit_code cmd_audit_verify(const struct args *args) {
        _cleanup_call_ struct call call = {};
        uint64_t next = 0, n, checked = 0, bad;
        const char *fault, *mark = args_value(args, "mark");
        enum exit_code rc;

        rc = call_open(&call, args->control);
        if (rc == CTL_OK && mark)
                rc = compare_mark(args, &call, mark);
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
