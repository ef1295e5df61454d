# What each turn adds up to, naively, from three lists: {turns: [{id, at, sessions}], requests, steps}. A line a turn: its
# id, tokens (input, output, cache read), total tokens, nano-dollars, seconds, errors, model.
def known_sum(f): map(f) | if length == 0 or any(. == null) then null else add end;
def most_writing: map(select(.model != null)) | group_by(.model) |
  map({model: .[0].model, tokens: (map(.output_tokens // 0) | add)}) | sort_by(-.tokens, .model) | .[0].model;
def total: [.input_tokens, .output_tokens, .cache_read_tokens] | map(select(. != null)) | if . == [] then null else add end;

. as $all |
.turns[] | . as $turn |
[.sessions[] as $session |
  ($all.turns | map(select(.sessions | index($session)))) as $here |
  select($here | map(select(.at == $turn.at)) | max_by(.id) | .id == $turn.id) |
  {session: $session, end: ([$here[] | .at | select(. > $turn.at)] | min)}] as $stretches |
def within: . as $x | any($stretches[]; .session == $x.session and $x.at >= $turn.at and (.end == null or $x.at < .end));
[$all.requests[] | select(within)] as $requests |
[$all.steps[] | select(within)] as $steps |
([$requests[].at] + [$steps[] | select(.step == "stop").at] | max) as $last |
([$steps[] | select(.success == 0)] | length) as $failed |
[.id, ($requests | known_sum(.input_tokens)), ($requests | known_sum(.output_tokens)),
  ($requests | known_sum(.cache_read_tokens)), ($requests | known_sum(total)),
  ($requests | known_sum(.cost) | if . == null then null else . * 1e9 + 0.5 | floor end),
  (if $last == null then null else $last - $turn.at end),
  (if $requests == [] and $steps == [] then null else $failed end), ($requests | most_writing)] |
map(. // "" | tostring) | join("|")
