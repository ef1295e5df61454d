#!/bin/sh
# recompute.sh HISTORY [DATABASE]: compares a database that has read HISTORY (of history.sh, loop.sh or both) with a
# recomputation. Prints a line for each difference; the status is 1 if there is one.
here=$(dirname "$0") db=${2:-$PL_DB}
tables=$(mktemp -d) || exit 2
trap 'rm -rf "$tables"' EXIT
dump() { sqlite3 -batch -json "$db" "SELECT * FROM $2" >"$tables/$1" || exit 2; }
# recompute PROGRAM TABLE...: by a program of jq that knows these tables
recompute() {
  program=$1
  shift
  for table in "$@"; do
    set -- "$@" --slurpfile "$table" "$tables/$table"
    shift
  done
  jq -nr -L "$here" -f "$here/$program.jq" "$@" --slurpfile truth "$tables/truth" || exit 2
}
cut -f2 "$1" >"$tables/truth"
dump workflows workflow_history
dump occurrences "pattern_occurrences o JOIN operation_patterns p ON p.id = o.pattern_id"
dump patterns operation_patterns
dump reviews pattern_reviews
dump requests routing_metrics
dump feedback response_feedback
dump budgets budget_patterns
dump totals "total WHERE slot IN (2, (SELECT slot FROM state))"
report() { pl-stats -d "$db" --json "$@" || exit 2; }
report summary >"$tables/summary"
report costs --by model >"$tables/costs"
report feedback >"$tables/rated"
{
  recompute recompute workflows occurrences patterns reviews summary
  recompute recompute-loop workflows requests feedback budgets totals summary costs rated
} >"$tables/differences"
cat "$tables/differences"
[ ! -s "$tables/differences" ]
