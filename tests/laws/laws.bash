# Loaded by the bats files that prove laws on random histories. LAW_ROUNDS=10 does ten times as much; LAW_SEED=N begins
# with other histories.

laws=$BATS_TEST_DIRNAME/laws
rounds=${LAW_ROUNDS:-1}
first_seed=${LAW_SEED:-1}

# seeds COUNT: so many for each round
seeds() { seq "$first_seed" $((first_seed + $1 * rounds - 1)); }

# record [OPTION|FILE...]: quietly; some reviews are of patterns that are never met, and a warning says so
record() { pl-record -q "$@" 2>warnings || { cat warnings; return 1; }; }

# Everything that a reader of the database sees.
everything() {
  figures "$@"
  sql "SELECT pattern_signature, automation_status, reviewed_by, review_notes, reviewed_at FROM pattern_reviews
    ORDER BY 1, 2, 3, 4, 5" "$@"
}

# same FILE [DATABASE]: the database shows what FILE holds
same() {
  everything "${@:2}" >same.is
  cmp -s "$1" same.is || { diff "$1" same.is | head -n 6; return 1; }
}

# recomputed [DATABASE]: it holds what ./history makes it hold
recomputed() { sh "$laws/recompute.sh" history "$@" >differences || { head -n 6 differences; return 1; }; }

# shuffled SEED FILE
shuffled() { sort -R --random-source=<(yes "$1") "$2"; }

# nap MOST: up to so many milliseconds
nap() { sleep "$(printf '0.%03d' $((RANDOM % $1)))"; }

# killed PID...: as by a power failure, but for the disk
killed() {
  kill -9 "$@" 2>/dev/null || true
  wait "$@" 2>/dev/null || true
}
