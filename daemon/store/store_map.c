/* SPDX-License-Identifier: BSD-2-Clause */
/* SQLite lets go of its mapping at the first read after each commit of another connection, because
 * the file may have another length. This looks at the length. Everything else, the mapping too, is
 * left to SQLite's own methods. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/store_map.h"
#include "store/store_stmt.h"

/* As much as SQLite was built for, if it is less than this. */
#define MAP_SIZE "0x1000000000"

/* In the place of SQLite's methods of one file. */
struct mapped {
        sqlite3_io_methods methods; /* first: SQLite knows no more of it */
        const sqlite3_io_methods *own;
        /* of the file before it was mapped; -1: not known */
        sqlite3_int64 size;
};

static struct mapped *mapped_of(sqlite3_file *file) {
        return (struct mapped *) (uintptr_t) file->pMethods;
}

/* Without ${p} SQLite wants to let go of all. */
static int on_unfetch(sqlite3_file *file, sqlite3_int64 at, void *p) {
        struct mapped *m = mapped_of(file);
        sqlite3_int64 size = 0;

        if (p)
                return m->own->xUnfetch(file, at, p);
        if (m->own->xFileSize(file, &size) == SQLITE_OK && size == m->size)
                return SQLITE_OK;
        m->size = size;
        return m->own->xUnfetch(file, at, NULL);
}

static int on_close(sqlite3_file *file) {
        struct mapped *m = mapped_of(file);
        int rc;

        file->pMethods = m->own;
        rc = file->pMethods->xClose(file);
        free(m);
        return rc;
}

int store_map(sqlite3 *db) {
        sqlite3_file *file = NULL;
        struct mapped *m;
        int rc;

        rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
        if (rc != SQLITE_OK)
                return store_stmt_error(rc);
        if (!file->pMethods || file->pMethods->iVersion < 3)
                return 0;
        m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        m->own = file->pMethods;
        m->methods = *m->own;
        m->methods.xUnfetch = on_unfetch;
        m->methods.xClose = on_close;
        if (m->own->xFileSize(file, &m->size) != SQLITE_OK)
                m->size = -1;
        file->pMethods = &m->methods;
        return store_stmt_exec(db, "PRAGMA mmap_size = " MAP_SIZE);
}
