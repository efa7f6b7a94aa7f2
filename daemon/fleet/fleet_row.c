/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges a row by what this host knows of the key's groups. Does not decide which of two rows of a
 * key counts: store_delta.c does. */
#include <errno.h>
#include <string.h>

#include "fleet/fleet_row.h"
#include "store/store_mirror.h"
#include "store/store_pages.h"
#include "text.h"

/* Whether a key that has come into the group is not in what this host has of that. Pages that have
 * come count too: what follows them does not speak of these ids. */
static int is_gone(const struct fleet_row *row, const struct fleet_member *group, const char *id,
                   int64_t born) {
        const struct fleet_taking *taking = group->taking;
        int r;

        if (born > 0 && born <= group->group.number)
                return 1;
        if (born <= 0 || !taking || born > taking->number ||
            (!taking->ended && strcmp(id, taking->after) > 0))
                return 0;
        if (!taking->beside)
                return 1;
        /* An import has come between: the snapshot begins anew. */
        r = taking->bulk ? store_pages_is_beside(row->writer, id) : 1;
        return r < 0 ? r : r == 0;
}

/* A key that this host did not have, though it has come into another group of this host before what
 * the host has of that: it was removed there, and this group is shown as it was once. It would stay
 * when the host leaves this group. */
static int drop_removed(const struct fleet_row *row, const struct key_record *key) {
        for (size_t i = 0; i < row->f->n_groups; i++) {
                const struct fleet_member *other = &row->f->groups[i];
                int64_t born;
                int r;

                if (other == row->member || !text_has_word(key->hosts, other->group.name))
                        continue;
                r = store_pages_born(row->writer, key->id, other->group.name, &born);
                if (r >= 0)
                        r = is_gone(row, other, key->id, born);
                if (r > 0)
                        return store_pages_drop_ids(row->writer, (const uint8_t *) key->id, 1);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What an issuing host has revoked was lost with a database. It tells it again. Where the fleet
 * knows it, nobody has to, and a host that does not issue any more could not. */
static int tell_again(const struct fleet_row *row, const struct key_record *key) {
        if (key->status != KEY_REVOKED || (!row->waits && store_import_is_revoked(row->load)))
                return 0;
        if (!store_import_is_revoked(row->load))
                return store_fleet_note_revoked(row->writer, key);
        /* Said in one of its groups, it can be unknown in the others. */
        return row->f->self.issuing && strchr(key->hosts, ' ')
                       ? 0
                       : store_fleet_drop_revocation(row->writer, key->id);
}

/* No key has come with a later change than the one that brings it. Otherwise no snapshot would
 * remove it. */
static int check_born(const struct fleet_row *row, const struct key_record *key) {
        const char *group = row->member->group.name, *born = store_import_born(row->load);

        /* This host can have a key of its own with that id. */
        if (!key->hosts[0])
                return 0;
        if (!text_has_word(key->hosts, group))
                return -EBADMSG;
        return store_pages_number(group, key->hosts, born) > row->number
                       ? store_pages_bound_born(row->writer, key->id)
                       : 0;
}

int fleet_row_check(const struct fleet_row *row, const struct key_record *key, bool fresh) {
        int r = check_born(row, key);

        if (r < 0)
                return r;
        return fresh ? drop_removed(row, key) : tell_again(row, key);
}
