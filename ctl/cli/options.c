/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads options that several commands have. Opens nothing and asks nobody. */
#include <stdlib.h>
#include <time.h>

#include "cli/options.h"
#include "cli/say.h"
#include "parse.h"

static const char *choose(const char *given, const char *variable, const char *standard) {
        const char *set = secure_getenv(variable);

        return given && *given ? given : set && *set ? set : standard;
}

const char *options_control(const char *given) {
        return choose(given, "WFAPIKEY_CONTROL", "/run/wfapikey/control");
}

const char *options_verify(const struct args *args) {
        return choose(args_value(args, "verify-socket"), "WFAPIKEY_VERIFY", "/run/wfapikey/verify");
}

enum exit_code options_server_uid(const struct args *args, uid_t *ret) {
        const char *text = args_value(args, "server-uid");
        uint64_t n = 0;

        if (text && parse_u64(text, 0, (uid_t) -2, &n) < 0) {
                say_error("--server-uid='%s' is not the number of a user", text);
                return CTL_USAGE;
        }
        *ret = (uid_t) n;
        return CTL_OK;
}

enum exit_code options_when(const struct args *args, const char *option, enum options_side side,
                            int64_t *ret) {
        const char *text = args_value(args, option);
        int64_t seconds;

        if (!text || parse_time(text, ret) >= 0)
                return CTL_OK;
        if (parse_duration(text, &seconds) >= 0) {
                *ret = time(NULL) + (side == OPTIONS_AHEAD ? seconds : -seconds);
                return CTL_OK;
        }
        say_error(side == OPTIONS_AHEAD
                          ? "--%s='%s' is neither a time, such as 2027-01-31 or "
                            "2027-01-31T12:00:00Z, nor a duration from now, such as 12h or 90d"
                          : "--%s='%s' is neither a time, such as 2027-01-31 or "
                            "2027-01-31T12:00:00Z, nor how long ago, such as 2h",
                  option, text);
        return CTL_USAGE;
}
