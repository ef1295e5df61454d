#!/bin/sh
# recompute.sh HISTORY [DATABASE]: compares a database that has read HISTORY (of history.sh) with a recomputation.
# Prints a line for each difference; the status is 1 if there is one.
here=$(dirname "$0") db=${2:-$PL_DB}
tables=$(mktemp -d) || exit 2
trap 'rm -rf "$tables"' EXIT
dump() { sqlite3 -batch -json "$db" "SELECT * FROM $2" >"$tables/$1" || exit 2; }
cut -f2 "$1" >"$tables/truth"
dump workflows workflow_history
dump occurrences "pattern_occurrences o JOIN operation_patterns p ON p.id = o.pattern_id"
dump patterns operation_patterns
dump reviews pattern_reviews
pl-stats -d "$db" summary --json >"$tables/summary" || exit 2
jq -nr -f "$here/recompute.jq" --slurpfile truth "$tables/truth" --slurpfile workflows "$tables/workflows" \
  --slurpfile occurrences "$tables/occurrences" --slurpfile patterns "$tables/patterns" \
  --slurpfile reviews "$tables/reviews" --slurpfile summary "$tables/summary" >"$tables/differences" || exit 2
cat "$tables/differences"
[ ! -s "$tables/differences" ]
