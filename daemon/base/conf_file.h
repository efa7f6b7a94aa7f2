/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the files of a configuration: sections, names and values, and where each stands. It does
 * not know what they mean. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "base/error.h"

/* The place in its line where something is wrong. */
enum conf_file_place {
        CONF_FILE_SECTION,
        CONF_FILE_NAME,
        CONF_FILE_VALUE,
};

struct conf_file;

/* Called for each file, section and value. False ends the reading: conf_file_wrong() was called. */
struct conf_file_reader {
        void (*begin)(void *userdata); /* of a file */
        bool (*section)(struct conf_file *file, const char *section, void *userdata);
        bool (*value)(struct conf_file *file, const char *name, const char *value, void *userdata);
        void *userdata;
};

/**
 * conf_file_read(path, required, reader, ret_found, error):
 * Reads the file at ${path}, which need not be there unless ${required}. Then reads
 * ${path}.d/<name>.conf in the order of their names, byte by byte. Each must belong to root or to
 * the user that the process runs as, and nobody else may be able to write it. The same holds for
 * the directory. A file of no bytes is an error: it is about to be written.
 * Returns 0, and in ${ret_found} whether the file itself was there; a negative errno with a
 * sentence in ${error}. The sentence begins with file:line:column: where something in a file is
 * wrong.
 */
int conf_file_read(const char *path, bool required, const struct conf_file_reader *reader,
                   bool *ret_found, char error[static ERROR_LEN]) _must_check_;

/**
 * conf_file_wrong(file, place, offset, format, ...):
 * Says what is wrong with the line that is being read, ${offset} bytes into that part of it. The
 * first call counts. Arguments must be printable as they are. Returns false.
 */
bool conf_file_wrong(struct conf_file *file, enum conf_file_place place, size_t offset,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
