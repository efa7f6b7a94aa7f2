/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer thread: jobs in their order, answers on the loop, a bounded queue. What a job writes
 * is not known here. */
#include <pthread.h>
#include <sys/resource.h>

#include "unit_worker.h"

#include "store/store_key.h"
#include "store/store_stmt.h"

struct fixture {
        struct unit_worker w;
        struct store *writer;
        pthread_t loop;
        /* written by the thread, read on the loop once the job is done */
        unsigned order[1024];
        unsigned n_run;
        unsigned n_done;
        bool wrong_thread, wrong_writer, wrong_order, unannounced;
};

struct job {
        struct worker_job job;
        struct fixture *f;
        unsigned number;
        bool again; /* done() submits another one */
        /* done() submits another one, which nobody can run */
        bool late;
};

static void run(struct worker_job *base, struct store *writer) {
        struct job *job = (struct job *) base;
        struct fixture *f = job->f;

        if (pthread_equal(pthread_self(), f->loop))
                f->wrong_thread = true;
        if (writer != f->writer)
                f->wrong_writer = true;
        f->order[f->n_run++] = job->number;
}

static struct job *job_new(struct fixture *f, unsigned number);

static void done(struct worker_job *base) {
        struct job *job = (struct job *) base;
        struct fixture *f = job->f;

        if (!pthread_equal(pthread_self(), f->loop))
                f->wrong_thread = true;
        if (job->number != f->order[f->n_done])
                f->wrong_order = true;
        if (f->w.batches == 0)
                f->unannounced = true;
        f->n_done++;
        if (job->again)
                assert_int_equal(worker_submit(f->w.worker, &job_new(f, job->number + 1)->job), 0);
        if (job->late)
                assert_int_equal(worker_submit(f->w.worker, &job->job), -EBUSY);
        free(job);
}

static struct job *job_new(struct fixture *f, unsigned number) {
        struct job *job = calloc(1, sizeof(*job));

        assert_non_null(job);
        job->job = (struct worker_job){ .run = run, .done = done };
        job->f = f;
        job->number = number;
        return job;
}

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || unit_worker_make(&f->w) < 0)
                return -1;
        f->loop = pthread_self();
        f->writer = f->w.store->writer;
        *state = f;
        return unit_worker_start(&f->w);
}

static int drop(void **state) {
        struct fixture *f = *state;
        int r = unit_worker_drop(&f->w);

        free(f);
        return r;
}

static void submit(struct fixture *f, unsigned number) {
        assert_int_equal(worker_submit(f->w.worker, &job_new(f, number)->job), 0);
}

static void check_all_right(const struct fixture *f, unsigned n) {
        assert_int_equal(f->n_run, n);
        assert_int_equal(f->n_done, n);
        assert_int_equal(f->wrong_thread, false);
        assert_int_equal(f->wrong_writer, false);
        assert_int_equal(f->wrong_order, false);
        assert_int_equal(f->unannounced, false);
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(f->order[i], i);
}

static void test_jobs_are_run_and_done_in_their_order(void **state) {
        struct fixture *f = *state;

        for (unsigned i = 0; i < 200; i++)
                submit(f, i);
        unit_worker_wait(&f->w, f->n_done == 200);
        check_all_right(f, 200);
        assert_in_range(f->w.batches, 1, 200);
}

static void test_nothing_is_done_before_the_loop_runs(void **state) {
        struct fixture *f = *state;

        submit(f, 0);
        assert_int_equal(f->n_done, 0);
        unit_worker_wait(&f->w, f->n_done == 1);
        check_all_right(f, 1);
        assert_int_equal(f->w.batches, 1);
}

static void test_a_full_queue_is_busy_and_the_job_stays_the_caller_s(void **state) {
        struct fixture *f = *state;
        struct job *refused = job_new(f, 4711);

        /* by a job that is not in the queue any more */
        unit_worker_hold(&f->w);
        for (unsigned i = 0; i < WORKER_QUEUE_MAX; i++)
                submit(f, i);
        assert_int_equal(worker_submit(f->w.worker, &refused->job), -EBUSY);
        assert_int_equal(worker_submit(f->w.worker, &refused->job), -EBUSY);
        assert_int_equal(refused->number, 4711);
        free(refused);

        unit_worker_go_on(&f->w);
        unit_worker_wait(&f->w, f->n_done == WORKER_QUEUE_MAX);
        check_all_right(f, WORKER_QUEUE_MAX);
        submit(f, WORKER_QUEUE_MAX);
        unit_worker_wait(&f->w, f->n_done == WORKER_QUEUE_MAX + 1);
}

/* Work that has begun keeps its place, until the thread ends. */
static void test_what_has_begun_goes_on_in_a_full_queue(void **state) {
        struct fixture *f = *state;

        unit_worker_hold(&f->w);
        for (unsigned i = 0; i < WORKER_QUEUE_MAX; i++)
                submit(f, i);
        assert_int_equal(worker_go_on(f->w.worker, &job_new(f, WORKER_QUEUE_MAX)->job), 0);
        assert_int_equal(worker_length(f->w.worker), WORKER_QUEUE_MAX + 1);
        unit_worker_go_on(&f->w);
        unit_worker_wait(&f->w, f->n_done == WORKER_QUEUE_MAX + 1);
        check_all_right(f, WORKER_QUEUE_MAX + 1);
}

/* While the thread is held all jobs are queued. Urgent jobs come first, each kind in its order. */
static void test_urgent_jobs_come_first(void **state) {
        static const unsigned want[] = { 11, 12, 1, 2, 3 };
        struct fixture *f = *state;

        unit_worker_hold(&f->w);
        submit(f, 1);
        submit(f, 2);
        for (unsigned i = 11; i <= 12; i++) {
                struct job *urgent = job_new(f, i);

                urgent->job.urgent = true;
                assert_int_equal(worker_submit(f->w.worker, &urgent->job), 0);
        }
        submit(f, 3);
        unit_worker_go_on(&f->w);
        unit_worker_wait(&f->w, f->n_done == ARRAY_LEN(want));
        assert_memory_equal(f->order, want, sizeof(want));
        assert_int_equal(f->wrong_order, false);
}

/* Moving the log into the database waits for the disk. What is urgent does not wait for that. */
static struct job *meanwhile; /* while the log is filled */
static int pages_then;

static void write_much(struct worker_job *base, struct store *writer) {
        static const char sql[] =
                "CREATE TABLE IF NOT EXISTS much (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                "SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO much SELECT zeroblob(4000) FROM n";

        run(base, writer);
        (void) !store_stmt_exec(writer->db, sql);
        (void) !worker_submit(meanwhile->f->w.worker, &meanwhile->job);
}

static void look_at_log(struct worker_job *base, struct store *writer) {
        run(base, writer);
        pages_then = writer->wal_pages;
}

static void test_urgent_jobs_do_not_wait_for_the_log(void **state) {
        struct fixture *f = *state;

        for (unsigned urgent = 0; urgent < 2; urgent++) {
                struct job *much = job_new(f, 2 * urgent);

                meanwhile = job_new(f, 2 * urgent + 1);
                meanwhile->job.run = look_at_log;
                meanwhile->job.urgent = urgent;
                much->job.run = write_much;
                assert_int_equal(worker_submit(f->w.worker, &much->job), 0);
                unit_worker_wait(&f->w, f->n_done == 2 * urgent + 2);
                assert_int_equal(pages_then >= 3000, urgent);
        }
}

static void test_done_may_submit_another(void **state) {
        struct fixture *f = *state;
        struct job *job = job_new(f, 0);

        job->again = true;
        assert_int_equal(worker_submit(f->w.worker, &job->job), 0);
        unit_worker_wait(&f->w, f->n_done == 2);
        check_all_right(f, 2);
}

static void test_the_end_runs_what_is_queued(void **state) {
        struct fixture *f = *state;
        struct job *first = job_new(f, 0);

        first->late = true;
        unit_worker_hold(&f->w);
        assert_int_equal(worker_submit(f->w.worker, &first->job), 0);
        for (unsigned i = 1; i < 100; i++)
                submit(f, i);
        unit_worker_stop(&f->w);
        assert_null(f->w.worker);
        check_all_right(f, 100);
}

static void test_the_end_without_work_ends(void **state) {
        struct fixture *f = *state;

        unit_worker_stop(&f->w);
        check_all_right(f, 0);
        assert_null(worker_free(NULL));
}

/* --- What a job writes --- */

static void insert_key(struct worker_job *base, struct store *writer) {
        struct job *job = (struct job *) base;
        struct key_record key = unit_key("aaaaaaaaaa", "alice");

        if (store_begin(writer) >= 0 && store_key_insert(writer, &key) >= 0 &&
            store_commit(writer) >= 0)
                job->f->order[job->f->n_run++] = job->number;
}

static void test_what_a_job_commits_is_there_when_it_is_done(void **state) {
        struct fixture *f = *state;
        struct job *job = job_new(f, 0);
        struct key_record key;
        bool changed = false;

        job->job.run = insert_key;
        assert_int_equal(store_refresh(f->w.store->reader, &changed), 0);
        assert_int_equal(store_key_get(f->w.store->reader, "aaaaaaaaaa", &key), -ENOENT);
        assert_int_equal(worker_submit(f->w.worker, &job->job), 0);
        unit_worker_wait(&f->w, f->n_done == 1);
        check_all_right(f, 1);
        assert_int_equal(store_refresh(f->w.store->reader, &changed), 0);
        assert_int_equal(changed, true);
        assert_int_equal(store_key_get(f->w.store->reader, "aaaaaaaaaa", &key), 0);
}

/* --- The file of the database alone --- */

static sem_t settled;

static void on_seen(int64_t seq, const uint8_t hash[static RECORD_DIGEST_LEN], void *userdata) {
        (void) seq;
        (void) hash;
        (void) userdata;
        (void) sem_post(&settled);
}

static void run_watched(struct worker_job *base, struct store *writer) {
        store_set_seen(writer, on_seen, NULL);
        insert_key(base, writer);
}

/* People copy the database without its log. The thread has nothing else to do. */
static void test_a_copy_of_the_database_alone_has_every_change_soon(void **state) {
        struct fixture *f = *state;
        struct job *job = job_new(f, 0);
        char command[3 * UNIT_PATH_LEN], copy[UNIT_PATH_LEN];

        assert_int_equal(sem_init(&settled, 0, 0), 0);
        job->job.run = run_watched;
        assert_int_equal(worker_submit(f->w.worker, &job->job), 0);
        unit_worker_wait(&f->w, f->n_done == 1);
        while (sem_wait(&settled) < 0)
                continue;
        (void) unit_join(copy, f->w.store->dir, "copy");
        (void) snprintf(command, sizeof(command), "cp '%s' '%s'", f->w.store->path, copy);
        assert_int_equal(system(command), 0);
        assert_int_equal(unit_sql_number(copy, "SELECT count(*) FROM key"), 1);
}

static void test_a_worker_that_cannot_start_leaves_the_writer(void **state) {
        struct unit_store *s = *state;
        struct rlimit limit, none;
        struct worker *worker = NULL;
        sd_event *event = NULL;
        int r;

        unit_succeeds("sd_event_new", sd_event_new(&event));
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = limit;
        none.rlim_cur = 3;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        r = worker_new(&worker, event, s->writer, unit_worker_on_done, NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(r, -EMFILE);
        assert_null(worker);
        unit_key_insert(s->writer, "aaaaaaaaaa", "alice");
        sd_event_unref(event);
}

#define test_worker(f) cmocka_unit_test_setup_teardown(f, make, drop)

struct nice_job {
        struct worker_job job;
        int nice;
        bool is_done;
};

static void run_nice(struct worker_job *base, struct store *writer) {
        (void) writer;
        ((struct nice_job *) base)->nice = getpriority(PRIO_PROCESS, 0);
}

static void done_nice(struct worker_job *base) {
        ((struct nice_job *) base)->is_done = true;
}

static void test_logins_come_before_the_thread(void **state) {
        struct nice_job job = { .job = { .run = run_nice, .done = done_nice } };
        int mine = getpriority(PRIO_PROCESS, 0);
        struct fixture *f = *state;

        assert_int_equal(worker_submit(f->w.worker, &job.job), 0);
        while (!job.is_done)
                assert_true(sd_event_run(f->w.event, UINT64_MAX) >= 0);
        assert_int_equal(job.nice, mine + 5 < 19 ? mine + 5 : 19);
        assert_int_equal(getpriority(PRIO_PROCESS, 0), mine);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                test_worker(test_logins_come_before_the_thread),
                test_worker(test_jobs_are_run_and_done_in_their_order),
                test_worker(test_nothing_is_done_before_the_loop_runs),
                test_worker(test_a_full_queue_is_busy_and_the_job_stays_the_caller_s),
                test_worker(test_what_has_begun_goes_on_in_a_full_queue),
                test_worker(test_urgent_jobs_come_first),
                test_worker(test_urgent_jobs_do_not_wait_for_the_log),
                test_worker(test_done_may_submit_another),
                test_worker(test_the_end_runs_what_is_queued),
                test_worker(test_the_end_without_work_ends),
                test_worker(test_what_a_job_commits_is_there_when_it_is_done),
                test_worker(test_a_copy_of_the_database_alone_has_every_change_soon),
                unit_test_with_store(test_a_worker_that_cannot_start_leaves_the_writer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
