/* locks DATABASE COMMAND...: runs COMMAND, and prints for how many milliseconds at most others held the write
 * lock while it ran: for so long a try to take it failed, again and again. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
    sqlite3 *db = NULL;
    int status = 0;
    double held_since = 0, longest = 0;
    if (argc < 3 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        double began = now_ms();
        int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        if (code == SQLITE_OK)
            sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        if (code == SQLITE_BUSY && held_since == 0)
            held_since = began;
        if (code == SQLITE_OK && held_since != 0) {
            longest = now_ms() - held_since > longest ? now_ms() - held_since : longest;
            held_since = 0;
        }
        nanosleep(&(struct timespec){0, 500000}, NULL);
    }
    printf("%.1f\n", longest);
    sqlite3_close(db);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
