/* file: files that several processes make, lock and replace, and whose names are to outlive a power failure. */
#ifndef PL_BASE_FILE_H
#define PL_BASE_FILE_H

#include <stdbool.h>

/* A descriptor of the directory that PATH is in, which holds a lock on it until it is closed; -1, with errno. */
int file_lock_directory(const char *path);
/* Makes the names in the directory that PATH is in durable. False, with errno. */
bool file_sync_directory(const char *path);
/* Removes PATH with SUFFIX at its end, if it is there. */
void file_remove(const char *path, const char *suffix);

#endif
