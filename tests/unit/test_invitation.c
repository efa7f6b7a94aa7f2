/* SPDX-License-Identifier: BSD-2-Clause */
/* The text around an invitation. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fleet/invitation.h"

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

/* Every length that a line, a group of four digits and the padding can end at. */
static void test_there_and_back(void **state) {
        char path[] = "/tmp/wfapikey-invitation-XXXXXX";
        int fd = mkstemp(path);
        uint8_t bytes[200];

        (void) state;
        assert_true(fd >= 0 && close(fd) == 0);
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t) (255 - 37 * i);
        for (size_t n = 1; n <= sizeof(bytes); n++) {
                uint8_t *back = NULL;
                char *text = NULL;
                size_t len = 0;

                assert_int_equal(invitation_format(bytes, n, &text), 0);
                for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
                        assert_true(strcspn(line, "\n") <= 64 && *line != '\n');
                assert_null(strpbrk(strchr(text, '\n'), "_"));
                write_file(path, text);
                assert_int_equal(invitation_read(path, &back, &len), CTL_OK);
                assert_int_equal(len, n);
                assert_memory_equal(back, bytes, n);
                free(back);
                free(text);
        }
        assert_int_equal(unlink(path), 0);
}

static void test_the_greatest(void **state) {
        uint8_t *bytes = calloc(1, INVITATION_MAX), *back = NULL;
        char path[] = "/tmp/wfapikey-invitation-XXXXXX", *text = NULL;
        int fd = mkstemp(path);
        size_t len = 0;

        (void) state;
        assert_true(bytes && fd >= 0 && close(fd) == 0);
        assert_int_equal(invitation_format(bytes, INVITATION_MAX, &text), 0);
        write_file(path, text);
        assert_int_equal(invitation_read(path, &back, &len), CTL_OK);
        assert_int_equal(len, INVITATION_MAX);
        assert_int_equal(unlink(path), 0);
        free(back);
        free(text);
        free(bytes);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back),
                cmocka_unit_test(test_the_greatest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
