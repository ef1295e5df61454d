#!/bin/bash
# deal.sh RECORDS SEED: reads a file of records, one a line, into $PL_DB in a way that SEED chooses: 2 to 5 processes at
# once, pl-record and pl-backfill, each with a part in an order and a form of its own; the parts overlap and repeat
# records, and all of them together are the whole. A rebuild or two may go on beside them. The status is 0 if all went
# well.
set -u
records=$1 seed=$2
RANDOM=$seed
parts=$((2 + RANDOM % 4))
hand=$(mktemp -d) || exit 2
trap 'rm -rf "$hand"' EXIT

# Every line has a part that it is in; it may be in others too, and in each twice. Each part is shuffled.
awk -v parts="$parts" -v seed="$seed" -v hand="$hand" '
  function chance(n) { lot = (lot * 16807) % 2147483647; return int(lot / 64) % n }
  BEGIN { lot = 1 + seed; for (i = 0; i < 10; i++) chance(2) }
  { owner = chance(parts)
    for (p = 0; p < parts; p++)
      if (p == owner || chance(3) == 0)
        for (copies = 1 + (chance(5) == 0); copies > 0; copies--)
          printf "%d\t%s\n", chance(1000000), $0 > (hand "/" p ".dealt") }' "$records"

read_part() {
  local part=$hand/$1 form=$2 how=$3
  sort -n "$part.dealt" | cut -f2- >"$part.lines"
  case $form in
    0) cat "$part.lines" ;;
    1) jq -s . "$part.lines" ;;
    2) jq -sc . "$part.lines" ;;
    3) jq . "$part.lines" ;;
    4) sed 's/^/\x1e/' "$part.lines" ;;
    5) sed 's/$/\r/' "$part.lines" ;;
    6) tr '\n' ' ' <"$part.lines" ;;
  esac >"$part.json"
  case $how in
    0) pl-record -q <"$part.json" ;;
    1) pl-record "$part.json" >"$part.out" ;;
    2) pl-backfill -q "$part.json" ;;
    3) pl-backfill -q "$part.json" && pl-backfill -q --force "$part.json" ;;
    4)
      head -n 40 "$part.lines" >"$part.grown"
      pl-backfill -q "$part.grown" && cp "$part.lines" "$part.grown" && pl-backfill -q "$part.grown"
      ;;
  esac 2>"$part.err" || { cat "$part.err" >&2; return 1; }
}

pids=
for ((p = 0; p < parts; p++)); do
  read_part $p $((RANDOM % 7)) $((RANDOM % 5)) &
  pids="$pids $!"
done
failed=0 rebuilds=$((RANDOM % 3))
for ((r = 0; r < rebuilds; r++)); do
  pl-backfill -q --rebuild || failed=1
done
for pid in $pids; do
  wait "$pid" || failed=1
done
exit $failed
