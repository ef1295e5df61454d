# pl: inputs
# pl: about Gemini CLI: its recorded sessions, and those of its subagents
# pl: home ${GEMINI_CLI_HOME:-~}/.gemini/tmp
# pl: files session-*.json *.jsonl
# pl: when type == "object" and (.sessionId | type) == "string" and (.projectHash | type) == "string"
# pl: when type == "object" and ((."$set" | type) == "object" or (."$rewindTo" | type) == "string")
# pl: when type == "object" and ([.id, .timestamp] | all(type == "string")) and has("content") and (.type | IN("user", "gemini", "info", "error", "warning")) and (has("uuid") or has("sessionId") | not)
# pl: lines "sessionId"
# pl: lines "messages"
# pl: lines "gemini"
# pl: lines "user"
#
# Gemini CLI records each session in ~/.gemini/tmp/PROJECT/chats: as one object with sessionId, projectHash and messages
# in session-*.json (2025-08 to 2026-04), then as lines in session-*.jsonl: the same object without messages, one
# message a line, {"$set": {...}} for what of the object has changed, and {"$rewindTo": ID}. A subagent's session has
# kind "subagent"; since 2026-03 it is in chats/SESSION/ID.json or .jsonl. Learned from packages/core of
# google-gemini/gemini-cli (chatRecordingService.ts and chatRecordingTypes.ts from 2025-08 to 0.56, geminiChat.ts,
# uiTelemetry.ts), and from the documentation of the API's UsageMetadata.
#
# request   A message of type gemini with tokens: a call of the model. It is written again as a whole whenever a tool
#           that it called has finished, and once more when a session is resumed that was recorded in the older form;
#           its id and its tokens stay. request_id is that id. Calls that were rewound were made, and count.
# workflow  What a person asked: a message of type user, but not of a subagent's session; as it was typed
#           (displayContent) if that is known, without the files that were read for it. It is a turn of its session: its
#           figures are those of the session's calls and failed tools until the next one. Not what the program says in a
#           person's place: results of tools, contexts in tags, a summary of what was said before with what it repeats
#           of it, "Please continue."; nor commands to the program itself. workflow_id is the message's id.
# step      A tool that failed: one of a message's toolCalls with the status "error".
#
# What a subagent did belongs to the session that began it, if the folder tells its name. Of a piece of a file without
# its first line the calls are known, but not the session.
#
# Tokens. input is the API's promptTokenCount, which includes cached (cachedContentTokenCount), as the program's own
# statistics have it, which subtract the one from the other; it does not include tool (toolUsePromptTokenCount, prompts
# of tools within the API). output is candidatesTokenCount and does not include thoughts. total is input + output +
# thoughts + tool. Nothing is said of what is written to a cache, which costs by the hour and not by the token.
#
# Left out: the log of its telemetry, which has the same calls without these ids, so that they would count twice, and
# the program's calls besides the conversation (titles, summaries, loop checks, choosing a model), which only that log
# has; logs.json and checkpoints, which have no calls. Versions of 2025 may have kept the tokens of an attempt that
# was made again.

def number: type == "number";
def or_zero: if . == null then 0 else . end;

# -- calls --

# What is not a number is passed on, to be refused by its field's name.
def input:
  (.tool | or_zero) as $tool | (.cached | or_zero) as $cached
  | if [.input, $tool, $cached] | all(number) then .input + $tool - $cached else .input end;

def output:
  (.thoughts | or_zero) as $thoughts
  | if [.output, $thoughts] | all(number) then .output + $thoughts else .output end;

def calls($session):
  select(.type == "gemini") | (.tokens | objects) as $tokens
  | {
      kind: "request", request_id: "gemini-cli:\(.id)", revision: $session.known, timestamp,
      session_id: $session.id, model,
      input_tokens: ($tokens | input), output_tokens: ($tokens | output),
      cache_read_tokens: ($tokens.cached | or_zero), cache_write_tokens: 0, thinking_tokens: $tokens.thoughts
    };

# -- steps --

def failed_tools($session):
  .id as $message | .timestamp as $timestamp
  | select(.type == "gemini" and $session.id != null) | .toolCalls | arrays | .[] | objects | select(.status == "error")
  | {
      kind: "step", step: "tool", event_id: "gemini-cli:\($message):\(.id)", revision: $session.known,
      timestamp: (.timestamp // $timestamp), session_id: $session.id,
      tool_name: (.name | strings // null), success: false
    };

# -- turns --

# Of a time as JavaScript writes it; 0 of what is none.
def milliseconds: try ((.[0:19] + "Z" | fromdateiso8601) * 1000 + ("0" + .[19:23] | tonumber) * 1000) catch 0;

# The text of a content: a string, a part, or an array of both.
def text: [if type == "array" then .[] else . end | strings, (objects | .text | strings)] | join("");

def without_files: split("--- Content from referenced files ---")[0] // "";

def trimmed: sub("\\A\\s+"; "") | .[:-64] + (.[-64:] | sub("\\s+\\z"; ""));

def asked: ((.displayContent | select(. != null) | text) // (.content | text)) | without_files | trimmed;

def is_summary: startswith("<state_snapshot>");

def is_of_the_program:
  . == "" or . == "Please continue." or is_summary
  or (. as $text
    | any("/", "?", "<session_context>", "<hook_context>", "System: "; . as $front | $text | startswith($front)));

# -- sessions --

# A subagent's session is that of which the folder bears the name.
def parent: $file | split("/") | select(length > 2 and .[-3] == "chats") | .[-2];

# What OBJECT, a session's or what is set of it, says of the session. `known` is how well it is known whose it is.
def session($object):
  if $object.kind == "subagent" then .subagent = true else . end
  | if $object.sessionId | type == "string" then .id = $object.sessionId | .known = 1 else . end
  | if .subagent then (parent | {id: ., known: 2, subagent: true}) // . else . end;

def take_calls($message):
  .session as $session
  | .out += [$message | objects | select(.id | type == "string") | calls($session), failed_tools($session)];

# What a summary repeats is written within the second, and has been asked before.
def is_repeated($asked; $at):
  .said[$asked[0:200]] == true and .summary_at != null and ($at - .summary_at | . >= 0 and . < 1000);

def take_turn($message):
  ($message | asked) as $asked | ($message.timestamp | milliseconds) as $at
  | if $asked | is_summary then .summary_at = $at
    elif ($asked | is_of_the_program) or is_repeated($asked; $at) then .
    else
      .said[$asked[0:200]] = true
      | .out += [{
          kind: "workflow", workflow_id: "gemini-cli:\($message.id)", revision: .session.known, turn: true,
          nl_input: $asked, session_id: .session.id, created_at: $message.timestamp
        }]
    end;

def take($message):
  if $message | type != "object" or (.id | type) != "string" then .
  else
    take_calls($message)
    | if $message.type == "user" and .session.id != null and (.session.subagent | not) then take_turn($message)
      else . end
  end;

# -- values --

def unknown: {session: {id: null, known: 0, subagent: false}, said: {}, summary_at: null, out: []};

# What is set anew are the messages that have been there, as the program now tells the model of them: calls, no turns.
def step($value):
  .out = []
  | if $value | type != "object" then .
    elif $value["$set"] | type == "object" then
      .session |= session($value["$set"])
      | reduce ($value["$set"].messages | arrays | .[]) as $message (.; take_calls($message))
    elif $value.sessionId | type == "string" then
      unknown | .session |= session($value) | reduce ($value.messages | arrays | .[]) as $message (.; take($message))
    else
      take($value)
    end;

foreach inputs as $value (unknown; step($value); .out[])
