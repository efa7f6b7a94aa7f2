/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes and reads the text around an invitation. Cannot read what is sealed in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "cleanup.h"
#include "cli/infile.h"
#include "cli/say.h"
#include "fleet/invitation.h"

#define BEGIN "-----BEGIN WFAPIKEY INVITATION-----"
#define END   "-----END WFAPIKEY INVITATION-----"

#define LINE     64
#define TEXT_MAX (4 * INVITATION_MAX) /* with what a mail has around it */

/* The alphabet for URLs has '-', which programs for mail take for a line of their own. */
static char digit_of(const char *base64, size_t len, size_t at) {
        if (at >= len)
                return '=';
        return base64[at] == '-' ? '+' : base64[at] == '_' ? '/' : base64[at];
}

int invitation_format(const void *bytes, size_t len, char **ret) {
        size_t n = BASE64_LEN(len), padded = (n + 3) / 4 * 4;
        _cleanup_free_ char *base64 = malloc(n + 1);
        char *text = malloc(sizeof(BEGIN) + padded + padded / LINE + 1 + sizeof(END) + 1), *p;

        if (!base64 || !text) {
                free(text);
                return -ENOMEM;
        }
        base64_encode(bytes, len, base64);
        p = mempcpy(text, BEGIN "\n", strlen(BEGIN) + 1);
        for (size_t i = 0; i < padded; i++) {
                *p++ = digit_of(base64, n, i);
                if (i % LINE == LINE - 1 || i == padded - 1)
                        *p++ = '\n';
        }
        memcpy(p, END "\n", sizeof(END "\n"));
        *ret = text;
        return 0;
}

static enum exit_code decode(const struct infile *f, uint8_t **ret, size_t *ret_len) {
        const char *text = (const char *) f->bytes, *end = text + f->len;
        const char *begin = memmem(text, f->len, BEGIN, strlen(BEGIN));
        const char *stop;
        uint8_t *bytes;
        ssize_t n;

        begin = begin ? begin + strlen(BEGIN) : end;
        stop = memmem(begin, (size_t) (end - begin), END, strlen(END));
        if (!stop) {
                say_error("%s has no whole invitation, which 'wfapikeyctl fleet invite' prints on "
                          "an issuing host: it begins with " BEGIN,
                          f->name);
                return CTL_USAGE;
        }
        bytes = malloc(INVITATION_MAX);
        if (!bytes)
                return say_no_memory();
        n = base64_decode(begin, (size_t) (stop - begin), bytes, INVITATION_MAX);
        if (n <= 0) {
                free(bytes);
                say_error("the invitation in %s is damaged", f->name);
                return CTL_USAGE;
        }
        *ret = bytes;
        *ret_len = (size_t) n;
        return CTL_OK;
}

enum exit_code invitation_read(const char *path, uint8_t **ret, size_t *ret_len) {
        _cleanup_infile_ struct infile f = {};
        enum exit_code rc;

        if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO)) {
                say_error("the invitation is read from a file or from standard input: wfapikeyctl "
                          "fleet join FILE ('wfapikeyctl fleet invite' prints it on an issuing "
                          "host)");
                return CTL_USAGE;
        }
        rc = infile_read(path, TEXT_MAX, &f);
        return rc == CTL_OK ? decode(&f, ret, ret_len) : rc;
}
