/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that can be made and checked: a pepper that the store knows. */
#pragma once

#include "unit_store.h"

#include "secret/keymint.h"

/* ${ret} is for keymint_free(). 0, or a negative errno. */
static inline int unit_keymint_make(const struct unit_store *s, struct keymint **ret) {
        static const uint8_t pepper[PEPPER_LEN] = { 1, 2, 3 };
        char sql[64];
        int r = keymint_new(ret, pepper);

        if (r < 0)
                return r;
        (void) snprintf(sql, sizeof(sql), "INSERT INTO pepper (id) VALUES (%u)",
                        keymint_pepper_id(*ret));
        unit_sql(s->path, sql);
        return 0;
}
