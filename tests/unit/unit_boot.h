/* SPDX-License-Identifier: BSD-2-Clause */
/* A state directory of the test's own, and starts of a daemon with it. */
#pragma once

#include "unit_store.h"

#include "bootstrap.h"
#include "store/store_key.h"

static const char unit_boot_pepper_bytes[] = "0123456789abcdef0123456789abcdef";

struct unit_boot {
        char *top; /* of the test */
        char dir[UNIT_PATH_LEN];
        struct store_shared shared;
        char error[ERROR_LEN];
};

static inline int unit_boot_make(void **state) {
        struct unit_boot *f = calloc(1, sizeof(*f));
        void *top = NULL;

        if (!f || unit_dir_make(&top) < 0)
                return -1;
        f->top = top;
        (void) snprintf(f->dir, sizeof(f->dir), "%s/state", f->top);
        *state = f;
        return unsetenv("CREDENTIALS_DIRECTORY");
}

static inline int unit_boot_drop(void **state) {
        struct unit_boot *f = *state;
        void *top = f->top;

        free(f);
        return unsetenv("CREDENTIALS_DIRECTORY") < 0 ? -1 : unit_dir_remove(&top);
}

static inline const char *unit_boot_path_of(const struct unit_boot *f, const char *name) {
        static char paths[4][UNIT_PATH_LEN];
        static size_t next;

        next = (next + 1) % ARRAY_LEN(paths);
        return unit_join(paths[next], f->dir, name);
}

static inline void unit_boot_done(struct bootstrap *b) {
        store_freep(&b->reader);
        store_freep(&b->writer);
        b->seen = highwater_free(b->seen);
        b->keymint = keymint_free(b->keymint);
        assert_int_equal(close(b->lock), 0);
}

static inline int unit_boot_start(struct unit_boot *f, struct bootstrap *b) {
        unit_poison(b, sizeof(*b));
        memset(f->error, 0, sizeof(f->error));
        return bootstrap_open(f->dir, &f->shared, b, f->error);
}

static inline void unit_boot_start_well(struct unit_boot *f, struct bootstrap *b) {
        int r = unit_boot_start(f, b);

        assert_string_equal(f->error, "");
        assert_int_equal(r, 0);
        assert_non_null(b->writer);
        assert_non_null(b->reader);
        assert_non_null(b->keymint);
}

/* Starts, makes a key, ends. */
static inline uint32_t unit_boot_use_once(struct unit_boot *f) {
        struct bootstrap b;
        struct key_record key = unit_key("aaaaaaaaaa", "alice");
        uint32_t pepper_id;

        unit_boot_start_well(f, &b);
        pepper_id = key.pepper_id = keymint_pepper_id(b.keymint);
        assert_int_equal(store_begin(b.writer), 0);
        assert_int_equal(store_key_insert(b.writer, &key), 0);
        assert_int_equal(store_commit(b.writer), 0);
        unit_boot_done(&b);
        return pepper_id;
}

static inline bool unit_boot_is_there(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0;
}

#define unit_test_with_boot(f) cmocka_unit_test_setup_teardown(f, unit_boot_make, unit_boot_drop)
