/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory for scenarios, as an NSS module in the place of libnss_hesiod. Its users are in
 * /etc/directory, which has the form of passwd. It ignores case and what follows an @, and answers
 * with its own spelling, as sssd can. It says nothing while /etc/directory.silent is there. */
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "attr.h"

_public_ enum nss_status _nss_hesiod_getpwnam_r(const char *name, struct passwd *pw, char *buffer,
                                                size_t len, int *error);

enum nss_status _nss_hesiod_getpwnam_r(const char *name, struct passwd *pw, char *buffer,
                                       size_t len, int *error) {
        size_t bare = strcspn(name, "@");
        struct passwd *found;
        FILE *f;
        int r;

        while (access("/etc/directory.silent", F_OK) == 0)
                (void) usleep(10000);
        f = fopen("/etc/directory", "re");
        if (!f) {
                *error = errno;
                return NSS_STATUS_UNAVAIL;
        }
        while ((r = fgetpwent_r(f, pw, buffer, len, &found)) == 0)
                if (strlen(pw->pw_name) == bare && strncasecmp(pw->pw_name, name, bare) == 0)
                        break;
        (void) fclose(f);
        *error = r;
        return r == 0        ? NSS_STATUS_SUCCESS
               : r == ERANGE ? NSS_STATUS_TRYAGAIN
                             : NSS_STATUS_NOTFOUND;
}
