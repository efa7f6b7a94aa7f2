/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the live store with one that comes in, and says in lines for people what would change.
 * Knows no file and no connection. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mirror/mirror_changes.h"
#include "parse.h"
#include "store/store_cert.h"

void mirror_changes_add(struct mirror_changes *c, const char *format, ...) {
        size_t room = sizeof(c->text) - c->len;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(c->text + c->len, room, format, ap);
        va_end(ap);
        if (n < 0 || (size_t) n + 2 > room) {
                c->text[c->len] = '\0';
                c->left_out++;
                return;
        }
        c->len += (size_t) n;
        c->text[c->len++] = '\n';
        c->text[c->len] = '\0';
}

/* --- Policies --- */

static void compare_policy(struct mirror_changes *c, const char *name, const struct policy *live,
                           const struct policy *file, const struct policy *after) {
        char now[POLICY_VALUE_LEN], there[POLICY_VALUE_LEN], then[POLICY_VALUE_LEN];

        policy_format(live, name, now);
        policy_format(file, name, there);
        policy_format(after, name, then);
        if (strcmp(now, then) != 0)
                mirror_changes_add(c, "policy %s: %s becomes %s", name, now, then);
        else if (strcmp(there, then) != 0)
                mirror_changes_add(c, "policy %s: stays %s, although the file has %s", name, now,
                                   there);
}

void mirror_changes_policy(struct mirror_changes *c, const struct policy *live,
                           const struct policy *file, const struct policy *after) {
        char name[POLICY_NAME_LEN];

        for (size_t i = 0; policy_name(after, i, name); i++)
                compare_policy(c, name, live, file, after);
        /* services that need a certificate now, and will need none */
        for (size_t i = 0; i < live->n_services; i++) {
                (void) snprintf(name, sizeof(name), "%s%s", POLICY_SERVICE, live->services[i].name);
                if (policy_service_need(after, live->services[i].name) == CERTIFICATE_NO)
                        compare_policy(c, name, live, file, after);
        }
}

/* --- Certificates and their lists --- */

struct comparing {
        struct mirror_changes *changes;
        struct store *writer, *staged;
        const struct store_keep *keep;
        /* the certificates of the file are visited */
        bool comes;
};

static void compare_lists(struct mirror_changes *c, const char *name, const struct crl_record *live,
                          const struct crl_record *file) {
        char now[PARSE_TIME_LEN] = "none", there[PARSE_TIME_LEN] = "none";

        if (live)
                parse_time_format(live->this_update, now);
        if (file)
                parse_time_format(file->this_update, there);
        if (strcmp(now, there) == 0)
                return;
        if (live && (!file || file->this_update < live->this_update))
                mirror_changes_add(c,
                                   "revocation list of '%s': that of %s stays, although the file "
                                   "has %s",
                                   name, now, file ? there : "none");
        else
                mirror_changes_add(c, "revocation list of '%s': %s becomes %s", name, now, there);
}

static int compare_ca(const struct comparing *comparing, const struct cert_record *cert) {
        struct crl_record live, file;
        int live_r = store_crl_get(comparing->writer, cert->thumbprint, &live);
        int file_r = store_crl_get(comparing->staged, cert->thumbprint, &file);

        if (live_r < 0 && live_r != -ENOENT)
                return live_r;
        if (file_r < 0 && file_r != -ENOENT)
                return file_r;
        compare_lists(comparing->changes, cert->name, live_r < 0 ? NULL : &live,
                      file_r < 0 ? NULL : &file);
        return 0;
}

/* Whether a certificate of the file is not taken, because it is not here. */
static int stays_away(const struct comparing *comparing, const struct cert_record *cert) {
        if (!comparing->comes || !comparing->keep->keys)
                return 0;
        return comparing->keep->forgets
                       ? 1
                       : store_cert_was_removed(comparing->writer, cert->thumbprint);
}

static int compare_cert(const struct cert_record *cert, const uint8_t *der, size_t len,
                        void *userdata) {
        const struct comparing *comparing = userdata;
        struct store *other = comparing->comes ? comparing->writer : comparing->staged;
        struct cert_record found;
        ssize_t n = store_cert_get(other, cert->thumbprint, &found, NULL);
        int away;

        (void) der;
        (void) len;
        if (n < 0 && n != -ENOENT)
                return (int) n;
        away = n < 0 ? stays_away(comparing, cert) : 0;
        if (away < 0)
                return away;
        if (n < 0)
                mirror_changes_add(
                        comparing->changes, "%s '%s' %s",
                        cert->kind == CERT_CA ? "CA" : "certificate", cert->name,
                        away ? "is not trusted here, and stays so, although the file has it"
                        : comparing->comes      ? "is trusted again"
                        : cert->kind == CERT_CA ? "goes, and its revocation list with it"
                                                : "goes");
        return comparing->comes && !away && cert->kind == CERT_CA ? compare_ca(comparing, cert) : 0;
}

int mirror_changes_certs(struct mirror_changes *c, struct store *writer, struct store *staged,
                         const struct store_keep *keep) {
        struct comparing comparing = {
                .changes = c, .writer = writer, .staged = staged, .keep = keep
        };
        int r;

        r = store_cert_each(writer, compare_cert, &comparing);
        comparing.comes = true;
        return r < 0 ? r : store_cert_each(staged, compare_cert, &comparing);
}
