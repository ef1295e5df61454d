/* paths: where things are. Every function returns a string that the caller frees. */
#ifndef PL_BASE_PATHS_H
#define PL_BASE_PATHS_H

/* GIVEN if it is not NULL, else $PL_DB, else $XDG_DATA_HOME/pl/pl.db, else ~/.local/share/pl/pl.db. */
char *path_database(const char *given);
/* NAME in the share directory: $PL_SHARE, else the source tree's for a tool run from build/bin, else the installed
 * one. */
char *path_share(const char *name);
/* NAME in $XDG_CONFIG_HOME/pl, else ~/.config/pl. */
char *path_config(const char *name);
/* PATH from the root, with its directory as it really is; PATH itself if there is no such directory. */
char *path_absolute(const char *path);
/* PATH with a "~" at its beginning, or after a "${NAME:-", as the home directory, and each "${NAME}" or "${NAME:-ELSE}"
 * as the environment says; a variable that is empty counts as not set. */
char *path_expanded(const char *path);

#endif
