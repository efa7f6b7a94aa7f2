/* SPDX-License-Identifier: BSD-2-Clause */
/* The module as a file: the symbols that it gives to the process that loads it, and those that it
 * takes. This program reads the ELF file by itself. */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

#include "cleanup.h"
#include "suite.h"

static const char *const hooks[] = { "pam_sm_authenticate",  "pam_sm_setcred",
                                     "pam_sm_acct_mgmt",     "pam_sm_open_session",
                                     "pam_sm_close_session", "pam_sm_chauthtok" };

/* What a module must not do in another program's process. A name with a * at its end stands for all
 * names that begin so. */
static const char *const not_imported[] = {
        /* stdio, and functions that format: a secret must have no way into a text */
        "printf* vprintf* fprintf* vfprintf* sprintf* vsprintf* snprintf* vsnprintf* asprintf* "
        "vasprintf* "
        "dprintf*",
        "vdprintf* puts putchar* fputs* fputc* putc* fwrite* fread* fgets* getline* getdelim* "
        "fopen* fdopen*",
        "freopen* fclose fflush* perror stdin stdout stderr open_memstream scanf* sscanf* fscanf* "
        "isoc99*",
        "syslog vsyslog openlog closelog",
        /* its own files and descriptors */
        "open open64 openat* creat* pipe* dup* opendir mkstemp* memfd_create read write",
        /* threads, and what depends on them */
        "pthread_* thrd_* tss_* tls_get_addr call_once",
        /* signals, processes, timers */
        "signal sigaction sigprocmask sigpending sigsuspend bsd_signal sysv_signal raise kill fork "
        "vfork "
        "clone*",
        "posix_spawn* exec* system popen wait* abort exit quick_exit _exit alarm setitimer timer_* "
        "sleep "
        "usleep",
        "nanosleep clock_nanosleep setjmp* longjmp* assert* atexit on_exit cxa_atexit "
        "cxa_thread_atexit*",
        /* state of the process */
        /* Except secure_getenv(), for a variable that an option names. It finds nothing in a
         * set-uid program. */
        "getenv setenv putenv unsetenv clearenv environ setlocale umask chdir fchdir "
        "setrlimit* prctl",
        "setuid seteuid setreuid setresuid setgid setegid setregid setresgid setgroups initgroups "
        "setfsuid "
        "setfsgid",
        "unshare setns mlock* dlopen dlsym dlclose",
        /* name services: they load more code and ask the network */
        "getpw* getgr* getsp* gethostby* getaddrinfo getnameinfo res_* getlogin*",
        /* the heap: calloc and free for one note, and nothing else */
        "malloc realloc reallocarray strdup strndup memalign posix_memalign aligned_alloc",
        /* libpam: nothing that delays every login, or asks the user in another way */
        "pam_fail_delay pam_get_authtok* pam_prompt pam_vprompt pam_modutil_*",
};

/* The symbols that the compiler puts into every shared object. */
static const char *const of_toolchain[] = {
        "completed.* dso_handle TMC_END__ DYNAMIC GLOBAL_OFFSET_TABLE_ "
        "frame_dummy_init_array_entry",
        "do_global_dtors_aux_fini_array_entry",
};

static char *image; /* of the module */
static size_t image_size;

static const ElfW(Ehdr) * header(void) {
        return (const ElfW(Ehdr) *) (const void *) image;
}

static const void *at(size_t offset, size_t size) {
        assert_in_range(offset, 0, image_size);
        assert_in_range(size, 0, image_size - offset);
        return image + offset;
}

static const ElfW(Shdr) * section(size_t i) {
        const ElfW(Ehdr) *e = header();

        return at(e->e_shoff + i * e->e_shentsize, sizeof(ElfW(Shdr)));
}

static const char *section_name(const ElfW(Shdr) * s) {
        const ElfW(Shdr) *names = section(header()->e_shstrndx);

        return at(names->sh_offset + s->sh_name, 1);
}

static const ElfW(Shdr) * find_section(uint32_t type) {
        for (size_t i = 0; i < header()->e_shnum; i++) {
                const ElfW(Shdr) *s = section(i);

                if (s->sh_type == type)
                        return s;
        }
        return NULL;
}

static const ElfW(Shdr) * get_section(uint32_t type) {
        const ElfW(Shdr) *s = find_section(type);

        if (!s)
                fail_msg("there is no section of type %u", type);
        return s;
}

/* The symbols of a table, one after the other, each with its name. NULL after the last one. */
static const ElfW(Sym) * symbol(const ElfW(Shdr) * table, size_t i, const char **ret_name) {
        const ElfW(Sym) * symbol;

        if ((i + 1) * table->sh_entsize > table->sh_size)
                return NULL;
        symbol = at(table->sh_offset + i * table->sh_entsize, sizeof(*symbol));
        *ret_name = at(section(table->sh_link)->sh_offset + symbol->st_name, 1);
        return symbol;
}

/* An entry of the dynamic section, counted from 0 among the entries of its tag. */
static const ElfW(Dyn) * dynamic(ElfW(Sxword) tag, size_t n) {
        const ElfW(Shdr) *s = get_section(SHT_DYNAMIC);

        for (size_t i = 0; (i + 1) * sizeof(ElfW(Dyn)) <= s->sh_size; i++) {
                const ElfW(Dyn) *d = at(s->sh_offset + i * sizeof(*d), sizeof(*d));

                if (d->d_tag == tag && n-- == 0)
                        return d;
        }
        return NULL;
}

static const char *dynamic_text(const ElfW(Dyn) * d) {
        const ElfW(Shdr) *s = get_section(SHT_DYNAMIC);

        return at(section(s->sh_link)->sh_offset + d->d_un.d_val, 1);
}

static const ElfW(Phdr) * segment(uint32_t type) {
        const ElfW(Ehdr) *e = header();

        for (size_t i = 0; i < e->e_phnum; i++) {
                const ElfW(Phdr) *p = at(e->e_phoff + i * e->e_phentsize, sizeof(*p));

                if (p->p_type == type)
                        return p;
        }
        return NULL;
}

static bool is_hook(const char *name) {
        for (size_t i = 0; i < ARRAY_LEN(hooks); i++)
                if (strcmp(hooks[i], name) == 0)
                        return true;
        return false;
}

/* --- Tests --- */

static void test_hooks_are_there(void **state) {
        void *module = dlopen(getenv("PAM_MODULE"), RTLD_NOW | RTLD_LOCAL);

        (void) state;
        if (!module)
                fail_msg("%s", dlerror());
        for (size_t i = 0; i < ARRAY_LEN(hooks); i++)
                assert_non_null(dlsym(module, hooks[i]));
        assert_null(dlsym(module, "wire_request_encode"));
        assert_int_equal(dlclose(module), 0);
}

static void test_unloads(void **state) {
        (void) state;
        for (int i = 0; i < 3; i++) {
                void *module = dlopen(getenv("PAM_MODULE"), RTLD_NOW | RTLD_LOCAL);

                assert_non_null(module);
                assert_int_equal(dlclose(module), 0);
                assert_null(dlopen(getenv("PAM_MODULE"), RTLD_NOW | RTLD_NOLOAD));
        }
}

static void test_exports_nothing_else(void **state) {
        const ElfW(Shdr) *table = get_section(SHT_DYNSYM);
        const ElfW(Sym) * sym;
        const char *name;
        size_t found = 0;

        (void) state;
        for (size_t i = 1; (sym = symbol(table, i, &name)); i++) {
                if (sym->st_shndx == SHN_UNDEF)
                        continue;
                if (!is_hook(name))
                        fail_msg("%s is exported", name);
                assert_int_equal(ELF64_ST_TYPE(sym->st_info), STT_FUNC);
                found++;
        }
        assert_int_equal(found, ARRAY_LEN(hooks));
}

/* Whether the name is the word, or its fortified form, such as __recv_chk. */
static bool is_word(const char *word, size_t len, const char *name) {
        size_t blanks = strspn(word, "_"), name_len;

        word += blanks;
        len -= blanks;
        name += strspn(name, "_");
        name_len = strlen(name);
        if (name_len > 4 && strcmp(name + name_len - 4, "_chk") == 0)
                name_len -= 4;
        if (word[len - 1] == '*')
                return name_len >= len - 1 && strncmp(name, word, len - 1) == 0;
        return name_len == len && strncmp(name, word, len) == 0;
}

static bool is_among(const char *const lines[], size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                for (const char *word = lines[i]; *word; word += strspn(word, " ")) {
                        size_t len = strcspn(word, " ");

                        if (is_word(word, len, name))
                                return true;
                        word += len;
                }
        return false;
}

static void test_imports(void **state) {
        const ElfW(Shdr) *table = get_section(SHT_DYNSYM);
        const ElfW(Sym) * sym;
        const char *name;
        size_t imports = 0;

        (void) state;
        for (size_t i = 1; (sym = symbol(table, i, &name)); i++) {
                if (sym->st_shndx != SHN_UNDEF || ELF64_ST_BIND(sym->st_info) == STB_WEAK)
                        continue;
                imports++;
                if (is_among(not_imported, ARRAY_LEN(not_imported), name))
                        fail_msg("%s is used", name);
        }
        assert_in_range(imports, 10, 100);
}

static void test_needs(void **state) {
        const ElfW(Dyn) * needed;
        bool libc = false, libpam = false;

        (void) state;
        for (size_t n = 0; (needed = dynamic(DT_NEEDED, n)); n++) {
                const char *name = dynamic_text(needed);

                if (strcmp(name, "libc.so.6") == 0)
                        libc = true;
                else if (strcmp(name, "libpam.so.0") == 0)
                        libpam = true;
                else
                        fail_msg("%s is needed", name);
        }
        assert_true(libc);
        assert_true(libpam);
        assert_null(dynamic(DT_RPATH, 0));
        assert_null(dynamic(DT_RUNPATH, 0));
}

static bool is_relro(ElfW(Addr) address) {
        const ElfW(Phdr) *relro = segment(PT_GNU_RELRO);

        return relro && address >= relro->p_vaddr && address < relro->p_vaddr + relro->p_memsz;
}

static void test_no_static_data(void **state) {
        const ElfW(Shdr) *table = find_section(SHT_SYMTAB);
        const ElfW(Sym) * sym;
        const char *name;

        (void) state;
        for (size_t i = 1; table && (sym = symbol(table, i, &name)); i++) {
                const ElfW(Shdr) * s;

                if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= header()->e_shnum)
                        continue;
                s = section(sym->st_shndx);
                if ((s->sh_flags & SHF_WRITE) && ELF64_ST_TYPE(sym->st_info) == STT_OBJECT &&
                    !is_relro(sym->st_value) &&
                    !is_among(of_toolchain, ARRAY_LEN(of_toolchain), name))
                        fail_msg("%s is written to in %s", name, section_name(s));
        }
        /* A stripped module still has these: one pointer to itself, and one byte of the start
         * files. */
        for (size_t i = 0; i < header()->e_shnum; i++) {
                const ElfW(Shdr) *s = section(i);

                if ((s->sh_flags & SHF_WRITE) && !is_relro(s->sh_addr))
                        assert_in_range(s->sh_size, 0, 2 * sizeof(void *));
        }
}

static void test_no_thread_data(void **state) {
        (void) state;
        assert_null(segment(PT_TLS));
        assert_null(dynamic(DT_TEXTREL, 0));
}

static void test_no_constructors(void **state) {
        static const ElfW(Sxword)
                arrays[] = { DT_INIT_ARRAYSZ, DT_FINI_ARRAYSZ, DT_PREINIT_ARRAYSZ };

        (void) state;
        for (size_t i = 0; i < ARRAY_LEN(arrays); i++) {
                const ElfW(Dyn) *size = dynamic(arrays[i], 0);

                /* The start files have one entry each. */
                assert_in_range(size ? size->d_un.d_val : 0, 0, sizeof(void *));
        }
}

static void test_hardened(void **state) {
        const ElfW(Dyn) *flags = dynamic(DT_FLAGS_1, 0);
        const ElfW(Phdr) *stack = segment(PT_GNU_STACK);

        (void) state;
        assert_non_null(flags);
        assert_true(flags->d_un.d_val & DF_1_NOW);
        assert_false(flags->d_un.d_val & DF_1_NODELETE);
        assert_non_null(segment(PT_GNU_RELRO));
        assert_non_null(stack);
        assert_false(stack->p_flags & PF_X);
}

static void set_up(void) {
        image = world_read(getenv("PAM_MODULE"), &image_size);
        if (!image || image_size < sizeof(ElfW(Ehdr)) || memcmp(image, ELFMAG, SELFMAG) != 0)
                fail_msg("%s is no ELF file", getenv("PAM_MODULE"));
}

static void tear_down(void) {
        cleanup_free(&image);
}

static const char *instrumented(void) {
        return TEST_INSTRUMENTED ? "a sanitizer is in this one, too" : NULL;
}

static const struct suite_test tests[] = {
        CASE(test_hooks_are_there, "it loads, and the six hooks are there"),
        CASE(test_exports_nothing_else, "it exports nothing but the six hooks"),
        CASE(test_hardened, "it is bound at once and read-only afterwards, its stack is no code"),
        CASE_UNLESS(instrumented, test_unloads, "it is gone when it is closed"),
        CASE_UNLESS(instrumented, test_imports,
                    "it uses no stdio, thread, signal, process, file, environment "
                    "or name service"),
        CASE_UNLESS(instrumented, test_needs,
                    "it needs libpam and libc, nothing else, and no path to them"),
        CASE_UNLESS(instrumented, test_no_static_data, "it has no static data that can be written"),
        CASE_UNLESS(instrumented, test_no_thread_data,
                    "it has no data for each thread, and no code that is written to"),
        CASE_UNLESS(instrumented, test_no_constructors,
                    "nothing of it runs when it is loaded or unloaded"),
};

const struct suite suite = {
        .name = "exports",
        .set_up = set_up,
        .tear_down = tear_down,
        .tests = tests,
        .n_tests = ARRAY_LEN(tests),
};
