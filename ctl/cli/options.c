/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads options that several commands have. Opens nothing and asks nobody. */
#include <stdlib.h>
#include <string.h>
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

#define FORMS                                                                                      \
        "such as 'yesterday', '2027-01-31', '2027-01-31 20:00', '2 days ago' or '+12h' (see "      \
        "TIMES "                                                                                   \
        "in wfapikeyctl(1))"

enum exit_code options_when(const struct args *args, const char *option, enum moment_side side,
                            int64_t *ret) {
        const char *text = args_value(args, option);

        if (!text || moment_read(text, time(NULL), side, ret) >= 0)
                return CTL_OK;
        say_error("--%s='%s' is not a time, " FORMS, option, text);
        return CTL_USAGE;
}

enum exit_code options_expires(const struct args *args, char buffer[static OPTIONS_EXPIRES_LEN],
                               const char **ret) {
        const char *text = args_value(args, "expires");
        int64_t now = time(NULL), seconds, at;

        *ret = text;
        if (!text || strcmp(text, "never") == 0 || parse_duration(text, &seconds) >= 0)
                return CTL_OK;
        if (moment_read(text, now, MOMENT_AHEAD, &at) < 0) {
                say_error(
                        "--expires='%s' is neither 'never' nor a time to come, such as 'tomorrow', "
                        "'2027-01-31', '2027-01-31 18:00', '90d', '6months' or '1y' (see TIMES in "
                        "wfapikeyctl(1))",
                        text);
                return CTL_USAGE;
        }
        if (at <= now) {
                say_error("--expires='%s' is not a time to come", text);
                return CTL_USAGE;
        }
        if (moment_read_distance(text, MOMENT_AHEAD, &seconds) >= 0)
                parse_duration_format(seconds, buffer);
        else
                parse_time_format(at, buffer);
        *ret = buffer;
        return CTL_OK;
}
