/* replay: runs a harness on files, without libFuzzer. Names each before it begins, so that the last line of one that
 * does not end tells at which. */
#include "fuzz.h"

static uint8_t *read_all(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    must(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
    long end = ftell(file);
    must(end >= 0 && fseek(file, 0, SEEK_SET) == 0, path);
    *size = (size_t)end;
    uint8_t *bytes = malloc(*size + (*size == 0)); /* to the byte, so that a sanitizer sees what is read beyond it */
    must(bytes != NULL && fread(bytes, 1, *size, file) == *size, path);
    fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        size_t size;
        uint8_t *bytes = read_all(argv[i], &size);
        printf("%s\n", argv[i]);
        fflush(stdout);
        LLVMFuzzerTestOneInput(bytes, size);
        free(bytes);
    }
    printf("all %d hold\n", argc - 1);
    return 0;
}
