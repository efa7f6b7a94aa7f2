/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells an administrator what can be saved of a damaged key store, key by key. What can be read and
 * what is doubtful is decided in the store. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bootstrap.h"
#include "cleanup.h"
#include "salvage.h"

static void tell(enum store_salvage_key what, const char *id, const char *owner, void *userdata) {
        (void) userdata;
        printf("%s  %s  %s\n", id, what == STORE_SALVAGE_LOST ? "lost   " : "revoked",
               owner ? owner : "(owner not known)");
}

int salvage_run(const char *dir, bool yes) {
        const struct store_salvage_for whom = { .tell = tell };
        char said[ERROR_LEN], aside[ASIDE_LEN], error[ERROR_LEN] = "out of memory";
        struct store_salvage found;
        int r;

        r = bootstrap_salvage(dir, yes, &whom, &found, aside, error);
        if (r < 0) {
                (void) fprintf(stderr, "wfapikeyd: %s\n", error);
                return EXIT_FAILURE;
        }
        store_salvage_say(&found, said, sizeof(said));
        printf("%" PRIu64 " keys can be read; %s.\n", found.keys, said);
        if (found.unsealed)
                printf("Nobody can say whether this was the newest store of the host: revoke again "
                       "what was revoked of late.\n");
        if (found.policies > 0)
                printf("The audit log knows of later changes of these policies: %s. So the new "
                       "store "
                       "has enabled=no: see 'wfapikeyctl audit list', set what must be set, and "
                       "enabled=yes last.\n",
                       found.policy_names);
        if (found.certificates)
                printf("Register certificates and CAs again, and load their revocation lists.\n");
        if (yes)
                printf("Saved. The damaged store is '%s/%s'. Start wfapikeyd.\n", dir, aside);
        else
                printf("Nothing was changed. To save what can be read: wfapikeyctl salvage "
                       "--yes\n");
        return EXIT_SUCCESS;
}
