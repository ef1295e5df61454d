#!/usr/bin/env bats
# Every harness of tests/fuzz on its corpus, without libFuzzer: what fuzzing has found once stays mended.

# shellcheck disable=SC2154 # of the helper
load helper

# holds NAME: of each file of its corpus; else the last line of ./out names the one that it ended at
holds() {
  local corpus="$root/tests/fuzz/corpus/$1"
  status 0 "${PL_BIN:-$root/build/bin}/../replay/$1" "$corpus"/* || { tail -n 1 out; return 1; }
  is "all $(find "$corpus" -type f | wc -l) hold" "$(tail -n 1 out)"
}

@test "every harness is run here" {
  is "$(find "$root/tests/fuzz" -name 'fuzz_*.c' | sed 's/.*fuzz_//; s/\.c$//' | sort | xargs)" \
    "$(sed -n 's/^@test "harness \(.*\)" {.*/\1/p' "$root/tests/fuzz.bats" | sort | xargs)"
}

@test "harness body" { holds body; }
@test "harness decimal" { holds decimal; }
@test "harness json" { holds json; }
@test "harness lines" { holds lines; }
@test "harness map" { holds map; }
@test "harness maphead" { holds maphead; }
@test "harness pages" { holds pages; }
@test "harness predictor" { holds predictor; }
@test "harness prices" { holds prices; }
@test "harness prompts" { holds prompts; }
@test "harness reader" { holds reader; }
@test "harness record" { holds record; }
@test "harness rows" { holds rows; }
@test "harness rules" { holds rules; }
@test "harness spool" { holds spool; }
@test "harness text" { holds text; }
@test "harness time" { holds time; }
