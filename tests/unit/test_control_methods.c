/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of methods of the control socket: every row can be called, and common/CONTROL describes
 * it in the same words. */
#include "unit.h"

#include "control/control.h"

#define CONTROL_LEN 65536

#define ROW(name, arguments, results, verb, traits, handlers) { name, #arguments, #results },

static const struct { const char *name, *takes, *gives; } rows[] = { CONTROL_METHODS(ROW) };

/* ("s", id, "s", key), as the table has it, becomes (s id, s key). */
static void spell(const char *args, char *out) {
        unsigned commas = 0;

        if (strcmp(args, "(NULL)") == 0)
                args = "()";
        for (; *args; args++)
                if (*args != '"' && (*args != ',' || commas++ % 2 == 1))
                        *out++ = *args;
        *out = '\0';
}

static void test_a_row_is_found_by_its_name_only(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct control_method *method = control_methods_find(rows[i].name);

                assert_non_null(method);
                unit_str(rows[i].name, method->member, rows[i].name);
                for (size_t j = 0; j < i; j++)
                        unit_int(rows[i].name, strcmp(rows[i].name, rows[j].name) == 0, false);
        }
        assert_null(control_methods_find("NoSuchMethod"));
        assert_null(control_methods_find("issuekey"));
        assert_null(control_methods_find(""));
}

static void test_a_row_can_be_called(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const struct control_method *method = control_methods_find(rows[i].name);
                const struct control_handlers *handlers = method->handlers;

                unit_int(rows[i].name, handlers->size >= sizeof(struct control_call), true);
                unit_int(rows[i].name, handlers->run != NULL, strcmp(rows[i].name, "Reload") != 0);
                unit_int(rows[i].name, handlers->run || handlers->detour, true);
                unit_int(rows[i].name, method->verb < _ROLE_VERB_MAX, true);
                if (strcmp(rows[i].takes, "(NULL)") != 0)
                        unit_int(rows[i].name, handlers->parse != NULL, true);
                /* what is given is filled in, and only that */
                unit_int(rows[i].name, handlers->reply != NULL,
                         strcmp(rows[i].gives, "(NULL)") != 0 ||
                                 strcmp(rows[i].name, "FollowAudit") == 0);
        }
}

/* of the fleet's database */
static bool has_password(const char *name) {
        return strcmp(name, "FleetInit") == 0 || strcmp(name, "FleetAttach") == 0;
}

static bool takes_key(const char *name) {
        return strcmp(name, "BurnKey") == 0 || strcmp(name, "CheckKey") == 0;
}

static void test_a_secret_is_marked_as_one(void **state) {
        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                unit_int(rows[i].name,
                         (control_methods_find(rows[i].name)->traits & CONTROL_SENSITIVE) != 0,
                         strstr(rows[i].gives, "\"s\", key") != NULL ||
                                 has_password(rows[i].name) || takes_key(rows[i].name));
}

static void test_the_document_has_each_row(void **state) {
        const char *top = getenv("top_srcdir");
        static char text[CONTROL_LEN + 1];
        char path[UNIT_PATH_LEN];
        size_t n, methods = 0;
        FILE *f;

        (void) state;
        (void) snprintf(path, sizeof(path), "%s/common/CONTROL", top ? top : ".");
        f = fopen(path, "re");
        assert_non_null(f);
        n = fread(text, 1, CONTROL_LEN, f);
        (void) fclose(f);
        assert_in_range(n, 1, CONTROL_LEN - 1);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                char takes[256], gives[256], line[768];

                spell(rows[i].takes, takes);
                spell(rows[i].gives, gives);
                (void) snprintf(line, sizeof(line), "\n%s%s -> %s\n", rows[i].name, takes, gives);
                unit_int(line, strstr(text, line) != NULL, true);
        }
        for (const char *p = text; (p = strstr(p, ") -> (")); p++)
                methods++;
        assert_int_equal(methods, ARRAY_LEN(rows));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_row_is_found_by_its_name_only),
                cmocka_unit_test(test_a_row_can_be_called),
                cmocka_unit_test(test_a_secret_is_marked_as_one),
                cmocka_unit_test(test_the_document_has_each_row),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
