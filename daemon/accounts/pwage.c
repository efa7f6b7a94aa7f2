/* SPDX-License-Identifier: BSD-2-Clause */
/* Works out from a shadow entry when a password and an account end. It knows no files, no clock and
 * no store. */
#include <stdbool.h>
#include <string.h>

#include "accounts/pwage.h"
#include "parse.h"

/* chage(1) and useradd(8) write it for "never" */
#define MAX_NO_AGEING 99999

/* The first second of a day, never 0, which means "not at all". */
static int64_t day(int64_t days) {
        int64_t at;

        if (days <= 0)
                return 1;
        return __builtin_mul_overflow(days, PARSE_DAY_S, &at) ? INT64_MAX : at;
}

static int64_t add(int64_t a, int64_t b) {
        int64_t sum;

        return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static bool has_password(const char *field) {
        field += strspn(field, "!");
        return field[0] != '\0' && field[0] != '*' && strcmp(field, "x") != 0;
}

/* What clients of LDAP write in the place of a password. */
static bool is_hidden(const char *field) {
        return strcmp(field, "*") == 0 || strcmp(field, "x") == 0;
}

static int64_t earlier(int64_t a, int64_t b) {
        return a == 0 || (b != 0 && b < a) ? b : a;
}

static void apply(const struct spwd *sp, bool hidden, struct account_record *account) {
        const char *field = sp->sp_pwdp ? sp->sp_pwdp : "";
        bool ageing = sp->sp_max >= 0 && sp->sp_max < MAX_NO_AGEING && sp->sp_lstchg >= 0;
        int64_t last = add(sp->sp_lstchg, sp->sp_max); /* the last good day */

        account->locked = field[0] == '!' && has_password(field);
        account->password_ends_at = 0;
        account->closes_at = sp->sp_expire >= 0 ? day(sp->sp_expire) : 0;
        if (ageing && sp->sp_lstchg > 0 && sp->sp_inact >= 0)
                account->closes_at =
                        earlier(account->closes_at, day(add(add(last, sp->sp_inact), 1)));
        if (!has_password(field) && !(hidden && is_hidden(field)))
                return;
        if (sp->sp_lstchg == 0)
                account->password_ends_at = 1;
        else if (ageing)
                account->password_ends_at = day(add(last, 1));
}

void pwage_apply(const struct spwd *sp, struct account_record *account) {
        apply(sp, false, account);
}

void pwage_apply_directory(const struct spwd *sp, struct account_record *account) {
        apply(sp, true, account);
}
