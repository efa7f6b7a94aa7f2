/* How many calls of each uid are on their way: nobody fills the queue so that an administrator cannot revoke. */
#include "attr.h"
#include "control.h"

/* The place of a uid in the load, else a free one. There is always one: no more are counted than there are places. */
static struct control_load *find_load(struct control *control, uid_t uid) {
        struct control_load *unused = NULL;

        for (size_t i = 0; i < ARRAY_LEN(control->load); i++) {
                if (control->load[i].n > 0 && control->load[i].uid == uid)
                        return &control->load[i];
                if (control->load[i].n == 0 && !unused)
                        unused = &control->load[i];
        }
        return unused;
}

bool control_load_add(struct control_call *call) {
        struct control *control = call->control;
        struct control_load *load;

        if (call->uid == 0)
                return true;
        if (control->n_calls >= CONTROL_CALLS_MAX)
                return false;
        load = find_load(control, call->uid);
        if (!load || load->n >= CONTROL_CALLS_PER_UID)
                return false;
        load->uid = call->uid;
        load->n++;
        control->n_calls++;
        call->counted = true;
        return true;
}

void control_load_remove(struct control_call *call) {
        struct control_load *load;

        if (!call->counted)
                return;
        load = find_load(call->control, call->uid);
        if (load && load->n > 0)
                load->n--;
        call->control->n_calls--;
}
