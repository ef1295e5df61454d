# pl: inputs
# pl: about Codex (CLI, IDE, app): its recorded sessions, forks and subagents
# pl: home ${CODEX_HOME:-~/.codex}/sessions
# pl: home ${CODEX_HOME:-~/.codex}/archived_sessions
# pl: files *.jsonl
# pl: when type == "object" and (.timestamp | type) == "string" and (.type | type) == "string" and (.payload | type) == "object"
# pl: when type == "object" and (has("record_type") or has("instructions") and ([.id, .timestamp] | all(type == "string")))
# pl: when type == "object" and (has("timestamp") or has("model") | not) and (.type == "message" and any(.content | arrays | .[] | objects | .type; IN("input_text", "output_text")) or (.type | IN("reasoning", "function_call", "function_call_output", "local_shell_call")) and (has("summary") or has("call_id")))
# pl: lines "session_meta"
# pl: lines "turn_context"
# pl: lines "token_count"
# pl: lines "token_usage_record"
# pl: lines "compaction_response_id"
# pl: lines "thread_settings_applied"
# pl: lines "inter_agent_communication
# pl: lines "task_started"
# pl: lines "turn_started"
# pl: lines "task_complete"
# pl: lines "turn_complete"
# pl: lines "turn_aborted"
# pl: lines "user_message"
# pl: lines "message" "user"
# pl: lines "function_call_output"
# pl: lines "custom_tool_call_output"
# pl: lines "exec_command_end"
# pl: lines "mcp_tool_call_end"
# pl: lines "patch_apply_end"
#
# Codex records each thread in sessions/YYYY/MM/DD/rollout-TIME-ID.jsonl, lines of {"timestamp", "type", "payload"}; the
# first is a session_meta with the thread's id. There is no description of the format. Learned from openai/codex
# (codex-rs: rollout/src/recorder.rs, policy.rs and ordinal.rs, protocol/src/protocol.rs), both of mid-2026, from its
# issue 47003, and, for all other versions from 2025-05 to 2026-10, from what other readers of these files found in
# theirs: issues 876, 950, 1288, 1369 and 1370 of ccusage/ccusage; 649, 679, 681 and 895 of junhoyeo/tokscale; 657 and
# 1381 of kenn-io/agentsview; 1380 and 1383 of getagentseal/codeburn; 509 of agentclientprotocol/codex-acp.
#
# request   A call of the model: an event token_count whose total_token_usage is another than before. That is the sum of
#           the thread's calls; what the call took is the difference. The event is repeated without a call, with an
#           unchanged total: so last_token_usage must not be summed. It tells what the call took only where the total
#           before is not known. A total that falls, or that is the call's own, has begun anew: after the context was
#           full (there the event has zeros, and is no call), or in a subagent.
#           request_id is the thread's id and the total after the call, and how often that has begun anew, if it has.
#           A request that compacted the conversation is not in the total: where there is a token_usage_record of it
#           (since 0.151) it is a call by its response_id. All other such records repeat what token_count says.
# workflow  What a person asked: an event user_message or, where there is none, a message of the role user, but for
#           contexts in tags and the like, and not in the thread of a subagent. It is a turn of its session: its figures
#           are those of the session's calls and failed tools until the next one. workflow_id is the thread's id and the
#           time.
# step      A tool that failed, by its call_id: exec_command_end with another exit code than 0, mcp_tool_call_end with
#           an error, patch_apply_end without success, or an output of a tool that begins (or, in 2025, ends) with an
#           exit code. And the end of a turn (task_complete, turn_aborted).
#
# Tokens. input_tokens includes cached_input_tokens and, since mid-2026, cache_write_input_tokens; output_tokens
# includes reasoning_output_tokens.
#
# Copies. The file of a fork (codex fork, an edited prompt, a subagent that inherits its conversation) begins with the
# fork's session_meta, mostly followed by those of the threads that it comes from, and a copy of their lines: all with
# the time of the fork, or, of some subagents, with their own. Their calls are those of the threads that made them, with
# the very same ids, and of a lower revision than the originals, so that the original's time stands if it is ever read.
# Which lines are copies tells, where it is there:
#   - subagent_history_start_ordinal, or history_base.end_ordinal_exclusive, of the fork's session_meta: the ordinal of
#     the first line that is its own;
#   - the turn's id, a UUID that bears its time (version 7): the fork's own turns are younger than the fork, and a
#     copied turn is of the youngest of its ancestors that is older than the turn. The id's time stands in for a copied
#     time;
#   - an inter_agent_communication, which is never copied;
#   - else, time: what has been copied was written at once. Lines are the fork's own after a pause of a second. If there
#     are several ancestors, nothing then tells whose a copied call is, and their own files alone have it.
# Copies are no turns and no steps.
#
# What a subagent did belongs to the session that began it: its session_meta names that, or the thread that spawned it.
#
# Left out: rollouts that Codex has compressed (.jsonl.zst); those of before 2025-09, which tell no tokens; what is read
# from state and history files; requests that failed.

def number: type == "number";
def or_zero: if . == null then 0 else . end;

# -- times --

# A time in milliseconds; null of what is none.
def milliseconds:
  try (
    (.[0:19] + "Z" | fromdateiso8601) * 1000
    + (if .[19:20] == "." then "0" + .[19:23] | sub("[^.0-9].*"; "") | tonumber * 1000 else 0 end)
  ) catch null;

def hexadecimal: reduce explode[] as $c (0; . * 16 + $c - (if $c < 58 then 48 else 87 end));

# When a UUID of version 7 was made; null of all else.
def made:
  if type == "string" and test("\\A[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-") then
    ascii_downcase | .[0:8] + .[9:13] | hexadecimal
  else null end;

# -- usage --

# The counts of a usage, as numbers; null if one is none.
def counts:
  if type == "object" then
    [.input_tokens, .cached_input_tokens, .cache_write_input_tokens, .output_tokens, .reasoning_output_tokens]
    | map(or_zero) | if all(number) then . else null end
  else null end;

def minus($others): [range(5) as $i | .[$i] - $others[$i]];
def plus($others): [range(5) as $i | .[$i] + $others[$i]];
def falls_below($others): any(range(5) as $i | .[$i] < $others[$i]; .);
def none: all(. == 0);

def tokens:
  {
    input_tokens: (.[0] - .[1] - .[2]), output_tokens: .[3],
    cache_read_tokens: .[1], cache_write_tokens: .[2], thinking_tokens: .[4]
  };

# -- threads --
#
# While a file is read, what is known of its thread is one object. The thread's own lines come after those that are
# copies.

def parent_of($meta):
  $meta.forked_from_id // $meta.parent_thread_id
  // ($meta.source | objects | .subagent | objects | .thread_spawn | objects | .parent_thread_id) // null;

def is_subagent($meta):
  ($meta.source | type == "object" and has("subagent"))
  or $meta.thread_source == "subagent" or $meta.parent_thread_id != null;

def session_of($meta):
  if is_subagent($meta) then first(($meta.session_id, parent_of($meta)) | strings | select(. != $meta.id)) // $meta.id
  else $meta.id end;

def first_own_ordinal($meta):
  ($meta.subagent_history_start_ordinal // ($meta.history_base | objects | .end_ordinal_exclusive) // null)
  | try tonumber catch null;

def thread($line):
  $line.payload as $meta | parent_of($meta) as $parent | first_own_ordinal($meta) as $first
  | ($parent != null or $first != null) as $fork
  | {
      id: $meta.id, born: (($meta.id | made) // ($meta.timestamp | milliseconds)),
      session: session_of($meta), subagent: is_subagent($meta), provider: $meta.model_provider,
      model: (($meta.model | strings) // null),
      fork: $fork, copying: $fork, first_own_ordinal: $first,
      ancestors: [$parent | strings | {id: ., born: made}],
      meta_at: $line.timestamp, began: ($line.timestamp | milliseconds), last: ($line.timestamp | milliseconds), seen: false,
      turn_made: null,                      # when the turn that is copied began
      owner: (if $fork then null else $meta.id end),
      total: null, counted_for: null, anew: 0,
      unmatched: [],                        # token_usage_records that token_count has not repeated yet
      asked: [],                            # since anything was done
      out: []
    };

# Whether $line, the session_meta of another thread, is an ancestor's, and not where another file begins.
def is_copied($line):
  ($line.timestamp | milliseconds) as $at
  | if .copying or (.seen | not) then $at == null or .last == null or $at - .last < 1000 else false end;

def take_meta($line):
  $line.payload as $meta
  | if $meta.id | type != "string" then .
    elif .id == $meta.id then if .meta_at == $line.timestamp then thread($line) else . end # the file again, or resumed
    elif .id != null and is_copied($line) then
      .fork = true | .copying = true
      | .ancestors = [.ancestors[] | select(.id != $meta.id)]
          + [$meta | {id, born: ((.id | made) // (.timestamp | milliseconds))}]
    else thread($line) end;

# -- copies --

def is_turn($line):
  $line.type == "turn_context"
  or ($line.type == "event_msg" and ($line.payload.type | IN("task_started", "turn_started")));

def after_pause($line):
  ($line.timestamp | milliseconds) as $at
  | if $at == null then .
    elif .last != null and $at - .last >= 1000 then .copying = false
    else .last = ([.last, $at] | max) end;

def owner:
  .turn_made as $made
  | if .copying | not then .id
    elif $made != null then [.ancestors[] | select(.born != null and .born <= $made)] | max_by(.born) | .id
    elif .ancestors | length == 1 then .ancestors[0].id
    else null end;

def place($line):
  (if is_turn($line) then $line.payload.turn_id | made else null end) as $made
  | .turn_made = ($made // .turn_made)
  | if .first_own_ordinal != null and ($line.ordinal | number) then .copying = ($line.ordinal < .first_own_ordinal)
    elif $line.type | startswith("inter_agent_communication") then .copying = false
    elif $made != null and .born != null then .copying = ($made < .born)
    elif .turn_made == null then after_pause($line)
    else . end
  | .owner = owner;

# -- calls --

# A copied line bears its own time, or that of the fork, for which the turn's is nearer.
def time_of($line):
  .began as $began
  | if .copying and .turn_made != null and ($line.timestamp | milliseconds | . == null or . >= $began) then .turn_made
    else $line.timestamp end;

def call($id; $timestamp):
  {
    kind: "request", request_id: "codex:\($id)", revision: (if .copying then 0 else 1 end), timestamp: $timestamp,
    session_id: (if .copying then .owner else .session end), provider, model
  };

def record_calls: map(. as $record | $record.call + ($record.counts | tokens));

# What of the records the total does not include.
def settle($counts):
  .unmatched as $records
  | .unmatched = []
  | if $records == [] or reduce $records[].counts as $c ([0, 0, 0, 0, 0]; plus($c)) == $counts then .
    elif $records[-1].counts == $counts then .out += ($records[:-1] | record_calls)
    else . end;

def settle_compactions:
  .out += (.unmatched | map(select(.compacts)) | record_calls) | .unmatched |= map(select(.compacts | not));

def begin_anew: if .counted_for == .owner then .anew += 1 else .anew = 0 end;

def counted_id:
  ([.total[0, 1, 3, 4] | tostring] | join("/")) as $total
  | "\(.owner):\($total)" + if .anew > 0 then ":\(.anew)" else "" end;

def count($line; $total; $last):
  .total as $before
  | ($before != null and ($total | falls_below($before) or (. == $last and ($before | none | not)))) as $anew
  | (if $before == null then (if .fork then $last // $total else $total end)
      elif $anew then $total
      else $total | minus($before) end) as $counts
  | if $anew then begin_anew elif .counted_for != .owner then .anew = 0 else . end
  | .total = $total | .counted_for = .owner | .asked = []
  | if .owner != null then .out += [call(counted_id; time_of($line)) + ($counts | tokens)] else . end
  | if .copying then . else settle($counts) end;

def take_count($line):
  ($line.payload.info | objects | .total_token_usage | objects) as $usage
  | ($usage | counts) as $total
  | if $total == null then
      .out += [
        call("\(.owner):\($usage | tojson)"; $line.timestamp)
        + {
            input_tokens: $usage.input_tokens, output_tokens: $usage.output_tokens,
            cache_read_tokens: $usage.cached_input_tokens, cache_write_tokens: $usage.cache_write_input_tokens,
            thinking_tokens: $usage.reasoning_output_tokens
          }
      ]
    elif $total == .total then settle_compactions
    elif $total | none then if .total != null then begin_anew else . end | .total = $total
    else count($line; $total; $line.payload.info.last_token_usage | counts) end;

def take_record($line):
  $line.payload as $record | ($record.usage | counts) as $counts
  | if .copying or $counts == null or ($record.response_id | type) != "string" or ($record.thread_id // .id) != .id
    then .
    else
      {id: $record.response_id, counts: $counts, compacts: false, call: call($record.response_id; $line.timestamp)}
        as $unmatched
      | .unmatched = .unmatched[-15:] + [$unmatched]
    end;

def take_compaction($line):
  $line.payload.compaction_response_id as $id | .unmatched |= map(if .id == $id then .compacts = true else . end);

# -- steps --

def step($line; $step; $id):
  {
    kind: "step", step: $step, event_id: "codex:\(.id):\($id)", timestamp: $line.timestamp, session_id: .session
  };

# The name of the tool, or null, if the payload says that one failed.
def failure:
  if .type == "exec_command_end" then select(.exit_code | number and . != 0) | null
  elif .type == "mcp_tool_call_end" then
    select(.result | objects | has("Err") or any(.Ok | objects | .isError, .is_error; . == true))
    | (.invocation | objects | .tool | strings) // null
  elif .type == "patch_apply_end" then select(.success == false) | "apply_patch"
  else
    [.output | if type == "object" then .content else . end | strings, (arrays | .[] | objects | .text | strings)]
    | join("\n")
    | if startswith("{\"output\":") then .[-200:] | capture("\"metadata\":\\{\"exit_code\":(?<code>-?[0-9]+)")
      else
        .[:200]
        | capture("\\A(Chunk ID:[^\n]*\n)?(Wall time:[^\n]*\n)?(Exit code:|Process exited with code) (?<code>-?[0-9]+)")
      end
    | select(.code != "0") | null
  end;

def take_tool($line):
  .asked = []
  | if .copying or ($line.payload.call_id | type) != "string" then .
    else
      .out += [
        step($line; "tool"; $line.payload.call_id) + ($line.payload | failure | {tool_name: ., success: false})
      ]
    end;

def take_end($line):
  .asked = [] | if .copying or .subagent then . else .out += [step($line; "stop"; "end:\($line.timestamp)")] end;

# -- turns --

def trimmed: sub("\\A\\s+"; "") | .[:-64] + (.[-64:] | sub("\\s+\\z"; ""));

def is_of_the_program:
  . as $text
  | any(
      "<environment_context>", "<user_instructions>", "<instructions>", "# agents.md instructions", "<user_action>",
      "<turn_aborted>", "<skill>", "<user_shell_command>", "<subagent_notification>", "<recommended_plugins>",
      "<goal_context>", "<permissions instructions>", "<collaboration_mode>", "<model_switch>", "<image name=",
      "<image>", "</image>", "<codex_internal_context ", "<external_", "<hook_prompt ",
      "warning: apply_patch was requested via ", "warning: your account was flagged for ",
      "warning: the maximum number of unified exec processes";
      . as $front | $text | ascii_downcase | startswith($front));

# An editor puts what is open in it before what was asked.
def asked: split("## My request for Codex:") | (if length > 1 then .[1:] | join("") else .[0] // "" end) | trimmed;

def take_asked($line; $texts):
  ($texts | map(asked | select(. != "" and (.[:100] | is_of_the_program | not))) | join("\n")) as $text
  | if .copying or .subagent or $text == "" or any(.asked[]; . == $text) then .
    else
      .asked += [$text]
      | .out += [{
          kind: "workflow", workflow_id: "codex:\(.id):\($line.timestamp)", turn: true,
          nl_input: $text, session_id: .session, created_at: $line.timestamp
        }]
    end;

# -- lines --

def is_of_rollout: type == "object" and ([.type, .timestamp] | all(type == "string")) and (.payload | type) == "object";

def take_event($line):
  $line.payload as $event
  | if $event.type == "token_count" then take_count($line) // .
    elif $event.type == "user_message" then
      take_asked($line; [$event | select(.kind | IN(null, "plain")) | .message | strings])
    elif $event.type | IN("task_complete", "turn_complete", "turn_aborted") then take_end($line)
    elif $event.type | IN("exec_command_end", "mcp_tool_call_end", "patch_apply_end") then take_tool($line)
    elif $event.type == "thread_settings_applied" then
      .model = (($event.thread_settings | objects | .model | strings) // .model)
    else . end;

def take_item($line):
  $line.payload as $item
  | if $item.type == "message" and $item.role == "user" then
      take_asked($line; [$item.content | arrays | .[] | objects | select(.type == "input_text") | .text | strings])
    elif $item.type | IN("function_call_output", "custom_tool_call_output") then take_tool($line)
    else . end;

def take($line):
  .out = []
  | if $line | is_of_rollout | not then .
    elif $line.type == "session_meta" then take_meta($line)
    elif .id == null then .
    else
      .seen = true
      | if .copying then place($line) else . end
      | if $line.type == "event_msg" then take_event($line)
        elif $line.type == "response_item" then take_item($line)
        elif $line.type == "turn_context" then .model = (($line.payload.model | strings) // .model)
        elif $line.type == "token_usage_record" then take_record($line)
        elif $line.type == "compacted" then take_compaction($line)
        else . end
    end;

foreach inputs as $line ({id: null, out: []}; take($line); .out[])
