/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a fuzz target over files, with any compiler, so what the engine found once is tested for
 * ever. Prints TAP, a line for each file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
        static uint8_t data[1 << 20];
        FILE *f = fopen(path, "rbe");
        size_t n;

        if (!f)
                return -1;
        n = fread(data, 1, sizeof(data), f);
        (void) fclose(f);
        (void) LLVMFuzzerTestOneInput(data, n);
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
