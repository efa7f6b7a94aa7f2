/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a whole store to a file. Moves bytes that the daemon has sealed, and cannot read them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/cmd_mirror_export.h"
#include "call/call.h"
#include "cli/outfile.h"
#include "cli/say.h"
#include "draw/json.h"

/* Shows progress once in so many calls. */
#define STEP 64

struct out {
        struct call call;
        struct outfile file;
        uint64_t token, keys, done;
        bool last;
};

static void out_done(struct out *o) {
        outfile_drop(&o->file);
        call_close(&o->call);
}

static enum exit_code cannot_write(const char *path, int r) {
        say_error("cannot write '%s': %s", path, strerror(-r));
        return CTL_FAILED;
}

static enum exit_code begin_out(struct out *o, const struct args *args, const char *kind) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        enum exit_code rc;

        rc = call_open(&o->call, args->control);
        if (rc == CTL_OK)
                rc = call_plain(&o->call, "MirrorExportBegin", &reply, "ss",
                                args_value(args, "to") ?: "", kind);
        return rc == CTL_OK ? call_read(reply, "tt", &o->token, &o->keys) : rc;
}

static enum exit_code read_chunk(struct out *o) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        const void *bytes;
        enum exit_code rc;
        int r, last;
        size_t len;

        rc = call_plain(&o->call, "MirrorExportRead", &reply, "t", o->token);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_read_array(reply, 'y', &bytes, &len);
        if (r >= 0)
                r = sd_bus_message_read(reply, "tb", &o->done, &last);
        if (r < 0)
                return call_misread(r);
        o->last = last;
        r = outfile_write(&o->file, bytes, len);
        return r < 0 ? cannot_write(o->file.path, r) : CTL_OK;
}

static enum exit_code write_out(const struct args *args, const char *kind) {
        _cleanup_(out_done) struct out o = {};
        enum exit_code rc;
        int r;

        if (!args_value(args, "to") && strcmp(kind, "backup") != 0) {
                say_error("--to=PUBLICKEY is missing: 'wfapikeyctl mirror keygen' prints it on the "
                          "host that opens the file");
                return CTL_USAGE;
        }
        if (strcmp(args->words[0], "-") == 0 && (args->json || isatty(STDOUT_FILENO))) {
                say_error("standard output is for the file: redirect it, and leave out --json");
                return CTL_USAGE;
        }
        rc = begin_out(&o, args, kind);
        if (rc != CTL_OK)
                return rc;
        r = outfile_open(&o.file, args->words[0]);
        if (r < 0)
                return cannot_write(args->words[0], r);
        for (unsigned n = 0; rc == CTL_OK && !o.last; n++) {
                rc = read_chunk(&o);
                if (n % STEP == 0)
                        say_progress("%" PRIu64 " of %" PRIu64 " keys", o.done, o.keys);
        }
        say_progress_end();
        r = rc == CTL_OK ? outfile_finish(&o.file) : 0;
        if (r < 0)
                return cannot_write(args->words[0], r);
        if (rc == CTL_OK && args->json)
                json_one_number("keys", o.done);
        else if (rc == CTL_OK)
                say_note("%" PRIu64 " keys written.", o.done);
        return rc;
}

enum exit_code cmd_mirror_export(const struct args *args) {
        return write_out(args, "mirror");
}

enum exit_code cmd_mirror_export_backup(const struct args *args) {
        enum exit_code rc = write_out(args, "backup");

        if (rc == CTL_OK && !args_value(args, "to"))
                say_line("Only this host's key opens the backup: keep a copy of mirror.key in the "
                         "state directory, /var/lib/wfapikey, elsewhere.");
        return rc;
}
