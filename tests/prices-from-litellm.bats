#!/usr/bin/env bats
# share/pl/prices-from-litellm.jq: LiteLLM's list of prices as one of pl's.
# shellcheck disable=SC2154

load helper

list="$BATS_TEST_DIRNAME/maps/prices/litellm.json"

convert() { jq "$@" -f "$root/share/pl/prices-from-litellm.jq" "$list" >mine.json; }

# price NAME: its price, without the braces
price() { jq -c ".models[\"$1\"]" mine.json; }

# cost MODEL: of a million tokens each of input, output and read from a cache
cost() {
  fresh
  printf '{"request_id":"r","model":"%s","input_tokens":1000000,"output_tokens":1000000,"cache_read_tokens":%s}\n' \
    "$1" "${2:-1000000}" | pl-record -q --prices mine.json
  sql "SELECT cost FROM routing_metrics"
}

@test "dollars a million tokens, to 6 decimal places" {
  convert
  is "USD per million tokens" "$(jq -r .unit mine.json)"
  is '{"input":3,"output":15,"cache_read":0.3,"cache_write":3.75,"cache_write_1h":6}' "$(price claude-sonnet-4-5)"
  is '{"input":0.33,"output":2.75,"cache_read":0.0825}' "$(price us.amazon.nova-2-lite-v1:0)"
  is '{"input":0.28,"output":0.42,"cache_read":0.028}' "$(price deepseek-chat)"
  is '{"input":0.02,"output":0}' "$(price text-embedding-3-small)"
}

@test "of several entries: the maker's own, then a cloud's; of hosts, what they agree in" {
  convert
  is '{"input":2.5,"output":10,"cache_read":1.25}' "$(price gpt-4o)"
  is '{"input":0.2,"output":0.2,"cache_read":0.1}' "$(price qwq-32b)"
  is null "$(price gpt-oss-20b)"
  convert --arg prefer groq
  is '{"input":0.075,"output":0.3,"cache_read":0.0375}' "$(price gpt-oss-20b)"
  is '{"input":2.5,"output":10,"cache_read":1.25}' "$(price gpt-4o)"
}

@test "left out: what is no price of tokens, thinking apart, mistakes, names that cannot be" {
  convert
  is "\
claude-sonnet-4-5
deepseek-chat
gemini-2.5-flash
gpt-4o
qwq-32b
text-embedding-3-small
us.amazon.nova-2-lite-v1:0" "$(jq -r '.models | keys[]' mine.json)"
}

@test "pl takes the list, over its own" {
  convert
  is "12.78" "$(cost gpt-4o 224000)"
  is "13.75" "$(cost openai/gpt-4o-2024-08-06)"
  is "3.1625" "$(cost us.amazon.nova-2-lite-v1:0)"
  is "" "$(cost text-embedding-3-small)" # the list does not say what reading a cache costs
  is "0.02" "$(cost text-embedding-3-small 0)"
  is "" "$(cost gpt-oss-20b)"
}

@test "an empty list is one" {
  echo '{}' >empty.json
  list=empty.json
  convert
  is '{}' "$(jq -c .models mine.json)"
  status 0 pl-record --prices mine.json /dev/null
}
