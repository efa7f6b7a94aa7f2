/* SPDX-License-Identifier: BSD-2-Clause */
/* Connection strings for libpq, against libpq itself: what it reads in a text, and what it reads
 * after a setting was added or dropped. Settings are separated by FF FE from the value that is
 * added. */
#include "fuzz.h"

#include <libpq-fe.h>

#include "conninfo.h"

static const char *const settings[] = { "user", "password", "passfile", "sslpassword", "dbname" };

static const char *value_of(const PQconninfoOption *options, const char *word) {
        for (; options->keyword; options++)
                if (strcmp(options->keyword, word) == 0)
                        return options->val;
        return NULL;
}

static bool is_same(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

/* All settings but one are what they were. */
static void check_others(const PQconninfoOption *before, const PQconninfoOption *after,
                         const char *but) {
        for (; before->keyword; before++)
                if (strcmp(before->keyword, but) != 0)
                        must(is_same(before->val, value_of(after, before->keyword)));
}

static PQconninfoOption *parse(const char *text) {
        char *error = NULL;
        PQconninfoOption *options = PQconninfoParse(text, &error);

        PQfreemem(error);
        return options;
}

static void check_add(const char *text, const PQconninfoOption *before, const char *word,
                      const char *value) {
        _cleanup_conninfo_ char *more = strdup(text);
        PQconninfoOption *after;

        must(more && conninfo_add(&more, word, value) == 0);
        must(conninfo_sets(more, word) == 1);
        after = parse(more);
        must(after && is_same(value_of(after, word), value));
        check_others(before, after, word);
        PQconninfoFree(after);
}

static void check_drop(const char *text, const PQconninfoOption *before, const char *word) {
        _cleanup_conninfo_ char *less = strdup(text);
        PQconninfoOption *after;

        must(less != NULL);
        conninfo_drop(less, word);
        must(strlen(less) <= strlen(text) && conninfo_sets(less, word) == 0);
        after = parse(less);
        must(after && !value_of(after, word));
        check_others(before, after, word);
        PQconninfoFree(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size }, part = fuzz_until(&f, "\xff\xfe");
        char *text = fuzz_text(&part), *value = fuzz_text(&f);
        bool is_uri =
                strncmp(text, "postgres://", 11) == 0 || strncmp(text, "postgresql://", 13) == 0;
        PQconninfoOption *options = parse(text);

        for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
                int sets = conninfo_sets(text, settings[i]);

                if (!options || is_uri)
                        continue;
                /* libpq knows fewer names, and wants quotes to end. */
                must(sets == (value_of(options, settings[i]) != NULL));
                check_add(text, options, settings[i], value);
                check_drop(text, options, settings[i]);
        }
        if (options)
                PQconninfoFree(options);
        free(text);
        free(value);
        return 0;
}
