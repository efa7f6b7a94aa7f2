/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a fuzz target over files, with any compiler, so what the engine found once is tested for
 * ever. Prints TAP, a line for each file. */
#include "fuzz.h"

/* For targets that have a mutator of their own. Nothing is mutated here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) {
        (void) data;
        (void) max;
        return size;
}

static int replay(const char *path) {
        static uint8_t data[1 << 20];
        FILE *f = fopen(path, "rbe");
        uint8_t *copy;
        size_t n;

        if (!f)
                return -1;
        n = fread(data, 1, sizeof(data), f);
        (void) fclose(f);
        /* as long as the input: see fuzz_text() */
        copy = malloc(n > 0 ? n : 1);
        if (!copy)
                return -1;
        memcpy(copy, data, n);
        (void) LLVMFuzzerTestOneInput(copy, n);
        free(copy);
        return 0;
}

int main(int argc, char *argv[]) {
        int failed = 0;

        printf("1..%d\n", argc - 1);
        for (int i = 1; i < argc; i++) {
                int r = replay(argv[i]);

                failed |= r < 0;
                printf("%s %d - %s\n", r < 0 ? "not ok" : "ok", i, argv[i]);
        }
        return failed || argc < 2 ? EXIT_FAILURE : EXIT_SUCCESS;
}
