/* SPDX-License-Identifier: BSD-2-Clause */
/* Which page follows which, and which keys must go because a page lacks them. Takes no row: that is
 * fleet_apply.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/fleet_age.h"
#include "fleet/fleet_page.h"
#include "store/store_bulk.h"
#include "store/store_pages.h"
#include "text.h"

static bool follows(const struct fleet_taking *taking, const struct frame_head *head) {
        return taking && !taking->ended && head->kind == FRAME_PAGE &&
               taking->number == (int64_t) head->number &&
               memcmp(taking->page, head->before, sizeof(taking->page)) == 0;
}

int fleet_page_check(struct fleet *f, const struct fleet_member *member,
                     const struct frame_head *head) {
        return (int64_t) head->number > member->group.number && !fleet_age_is_void(f, head)
                       ? 0
                       : -ESTALE;
}

void fleet_page_look(struct fleet_member *member, const struct frame_head *head) {
        if (member->taking && member->taking->bulk && !follows(member->taking, head))
                fleet_page_forget(member);
}

/* The issuing hosts follow in the page, all of them. Hosts can go on in more pages. */
static int forget_all(struct fleet *f, struct store *writer, bool past) {
        int r;

        r = store_fleet_drop_all(writer);
        /* Who issues is what the invitation says, which is newer. */
        for (size_t i = 0; r >= 0 && past && i < f->n_issuers; i++)
                r = store_fleet_put_issuer(writer, &f->issuers[i].issuer);
        if (r < 0 || past || !f->self.issuing)
                return r;
        f->self.issuing = false;
        return store_fleet_put(writer, &f->self);
}

int fleet_page_break(struct fleet_member *member) {
        /* not inside this transaction */
        if (member->taking && member->taking->bulk)
                return -ESTALE;
        free(member->taking);
        member->taking = NULL;
        return 0;
}

int fleet_page_begin(struct fleet *f, struct fleet_member *member, struct store *writer,
                     const struct frame_head *head) {
        struct fleet_taking *taking;
        int r;

        if (follows(member->taking, head))
                /* An import may have come between. Then its keys are lost. */
                return member->taking->beside && !member->taking->bulk ? -ESTALE : 0;
        r = fleet_page_break(member);
        if (r < 0)
                return r;
        taking = calloc(1, sizeof(*taking));
        if (!taking)
                return -ENOMEM;
        taking->number = (int64_t) head->number;
        memcpy(taking->hash, head->before, sizeof(taking->hash));
        member->taking = taking;
        return strcmp(member->group.name, FLEET_GROUP_ALL) != 0
                       ? 0
                       : forget_all(f, writer, taking->number <= f->self.invited);
}

int fleet_page_host(struct fleet_member *member, struct store *writer, const char *name) {
        struct fleet_taking *taking = member->taking;
        int r;

        if (strcmp(name, taking->host) <= 0)
                return -EBADMSG;
        r = store_fleet_drop_hosts(writer, taking->host, name);
        (void) text_copy(taking->host, sizeof(taking->host), name);
        return r;
}

/* What was heard of issuing hosts outlasts that their rows were written anew. */
static int end_all(struct fleet *f, struct store *writer, const struct fleet_taking *taking,
                   bool last) {
        int r = 0;

        if (taking->index == 0)
                r = fleet_age_put(f, writer);
        return r < 0 || !last ? r : store_fleet_drop_hosts(writer, taking->host, "");
}

int fleet_page_take(struct fleet *f, struct fleet_member *member, struct store *writer,
                    const uint8_t *in, size_t len) {
        struct fleet_taking *taking = member->taking;
        struct store_pages_range range = { .group = member->group.name,
                                           .after = taking->after,
                                           .number = taking->number };
        struct fleet_page page;
        uint64_t gone = 0;
        int r;

        r = fleet_body_get_page(in, len, &page);
        if (r < 0)
                return r;
        /* Another page of the same snapshot is no first page. */
        if (page.index != taking->index)
                return -ESTALE;
        if (page.n > 0 && memcmp(page.ids, taking->after, KEYTEXT_ID_LEN) <= 0)
                return -EBADMSG;
        range.ids = page.ids;
        range.n = page.n;
        range.last = page.last;
        r = store_pages_drop_keys(writer, &range, &gone);
        taking->gone += gone;
        if (page.n > 0)
                memcpy(taking->after, page.ids + KEYTEXT_ID_LEN * (page.n - 1), KEYTEXT_ID_LEN);
        if (r >= 0 && strcmp(member->group.name, FLEET_GROUP_ALL) == 0)
                r = end_all(f, writer, taking, page.last);
        return r < 0 ? r : page.last;
}

static void arrive(struct fleet_member *member) {
        member->group.number = member->taking->number;
        memcpy(member->group.hash, member->taking->hash, sizeof(member->group.hash));
}

bool fleet_page_end(struct fleet_member *member, const uint8_t *in, size_t len, bool last) {
        struct fleet_taking *taking = member->taking;

        frame_hash(in, len, taking->page);
        taking->index++;
        taking->ended = last;
        if (!last || taking->beside)
                return false;
        arrive(member);
        return true;
}

void fleet_page_ready(struct fleet *f, struct fleet_member *member, struct store *writer) {
        struct fleet_taking *taking = member->taking;

        if (!taking || taking->ended || taking->bulk || taking->beside || taking->fresh < f->many ||
            2 * taking->fresh < taking->seen)
                return;
        /* Without it everything goes on as before, and takes longer. */
        taking->beside = store_bulk_new(&taking->bulk, writer) >= 0;
}

bool fleet_page_has_ended(const struct fleet_member *member) {
        return member->taking && member->taking->ended;
}

int fleet_page_next(struct fleet_member *member) {
        struct fleet_taking *taking = member->taking;

        if (!taking || !taking->ended || !taking->bulk || taking->number <= member->group.number)
                return -ESTALE;
        return store_bulk_next(taking->bulk);
}

int fleet_page_arrive(struct fleet_member *member) {
        int r;

        r = store_bulk_take(member->taking->bulk);
        if (r < 0)
                store_bulk_undo(member->taking->bulk);
        else
                arrive(member);
        return r;
}

void fleet_page_forget(struct fleet_member *member) {
        if (!member->taking)
                return;
        store_bulk_free(member->taking->bulk);
        free(member->taking);
        member->taking = NULL;
}
