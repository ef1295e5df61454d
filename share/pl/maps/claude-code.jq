# pl: about Claude Code: transcripts of its sessions and subagents
# pl: home ${CLAUDE_CONFIG_DIR:-~/.claude}/projects
# pl: home ${XDG_CONFIG_HOME:-~/.config}/claude/projects
# pl: files *.jsonl
# pl: when type == "object" and (.type | type) == "string" and (.isSidechain | type) == "boolean"
# pl: when type == "object" and (.sessionId // .messageId | type) == "string" and (.type | tostring | test("[a-z]-"))
# pl: when type == "object" and (.sessionId | type) == "string" and (.type | IN("mode", "tag", "relocated", "ended"))
# pl: when type == "object" and .type == "summary" and (.leafUuid | type) == "string"
# pl: lines "assistant" "usage"
# pl: lines "isApiErrorMessage"
# pl: lines "user" -"tool_result"
# pl: lines "tool_result" "is_error" true
# pl: lines "queued_command"
# pl: lines "stop_hook_summary"
# pl: lines "turn_duration"
#
# A transcript is a file PROJECT/SESSION.jsonl. Subagents have their own, PROJECT/SESSION/subagents/agent-*.jsonl (in
# older versions PROJECT/agent-*.jsonl), with the sessionId of their session and isSidechain. Its makers do not describe
# the format. What is relied on here was seen in transcripts of version 2.1.38, and in what readers of those of 1.0 to
# 2.1.266 report: issues 36583, 40363 and 48936 of anthropics/claude-code; 705, 888, 938, 1635 and 1762 of
# ccusage/ccusage; 1002 of steipete/CodexBar; and fork_session in anthropics/claude-agent-sdk-python.
#
# request   A call of the model: a line of type assistant with message.usage. It is logged once for each block of its
#           answer, while that streams: input and cache counts stay, output_tokens grows, so that the largest is the
#           newest revision. A subagent's calls are there again in `progress` lines of its session, in data.message.
#           request_id is message.id:requestId. Behind a gateway there may be no requestId, and an id that is the same
#           for every answer: then one that is neither Anthropic's nor long is told apart by the line's uuid.
# workflow  What a person asked, typed or through the SDK: a line of type user that is neither a tool's result nor the
#           program's own (isMeta, isCompactSummary, isVisibleInTranscriptOnly, promptSource system, an origin that is
#           not human, or a text that begins with one of its tags); or, typed while it worked, an attachment
#           queued_command. It is a turn of its session. workflow_id is the line's uuid. A slash command that goes to
#           the model has <command-message> before <command-name>, one that the program does itself has it behind: the
#           former is asked, and is the template.
# step      A tool that failed (a tool_result with is_error), by its tool_use_id; and the end of a turn, where it is
#           said (system lines stop_hook_summary and turn_duration; isApiErrorMessage: it ended with an error), by the
#           uuid.
#
# Copies: --fork-session, /branch, forks by the SDK and, in old versions, --resume copy lines into the file of another
# session, with its sessionId. message.id, requestId, uuid and timestamp stay; cwd, version, gitBranch and promptId may
# not. /branch and the SDK mark copies by forkedFrom. The SDK alone gives them new uuids, of which forkedFrom tells the
# old ones, and gives the last one a new time: so what is not marked is the newer revision.
#
# "lines" has keys and values, never both in one word, since a writer may put blanks after colons. Nothing that is
# quoted there can stand in a text, where quotes have backslashes before them.
#
# Left out: the program's own answers (model <synthetic>); calls that transcripts do not tell, such as those that
# compact a conversation or name it; what searches of the web cost; queue-operation and last-prompt lines, which repeat
# prompts; the usage in tools' results, which repeats calls.

def or_zero: if . == null then 0 else . end;

# The line's uuid, or its original's.
def line_id: (.forkedFrom | objects | .messageUuid | strings) // .uuid;

# Of a line that says so many tokens. What is marked as a copy is the older one.
def revision($tokens):
  ($tokens | if type == "number" then 2 * . else 0 end) + (if .forkedFrom == null then 1 else 0 end);

# -- calls --

def call_id:
  .message.id as $id
  | if .requestId | type == "string" then [$id | strings] + [.requestId] | join(":")
    elif $id | type == "string" and (startswith("msg_") or length >= 16) then $id
    else [$id | strings] + [line_id | strings] | join(":")
    end;

def calls:
  select(.type == "assistant" and .isApiErrorMessage != true and .message.model != "<synthetic>")
  | (.message.usage | objects) as $usage
  | {
      kind: "request", request_id: call_id, revision: revision($usage.output_tokens),
      timestamp, session_id: .sessionId, model: .message.model,
      input_tokens: $usage.input_tokens, output_tokens: $usage.output_tokens,
      cache_read_tokens: ($usage.cache_read_input_tokens | or_zero),
      cache_write_tokens: ($usage.cache_creation_input_tokens | or_zero),
      cache_write_1h_tokens: ($usage.cache_creation.ephemeral_1h_input_tokens? // null),
      thinking_tokens: ($usage.output_tokens_details.thinking_tokens? // null),
      cost: .costUSD, latency_ms: .durationMs
    };

# -- steps --

def failed_tools:
  select(.type == "user")
  | (.message.content | arrays | .[] | objects | select(.type == "tool_result" and .is_error == true)) as $result
  | {kind: "step", step: "tool", event_id: $result.tool_use_id, timestamp, session_id: .sessionId, success: false};

def ends:
  select(.isSidechain != true)
  | (
      if .type == "system" then select(.subtype | IN("stop_hook_summary", "turn_duration")) | null
      elif .type == "assistant" then select(.isApiErrorMessage == true) | false
      else empty
      end
    ) as $success
  | {kind: "step", step: "stop", event_id: line_id, timestamp, session_id: .sessionId, success: $success};

# -- turns --

# A text without what stands between <NAME> and </NAME>.
def without($name):
  "<\($name)>" as $open
  | "</\($name)>" as $close
  | split($open) as $pieces
  | reduce $pieces[1:][] as $piece ($pieces[0] // "";
      . + if $piece | contains($close) then $piece | split($close)[1:] | join($close) else $open + $piece end);

def trimmed: sub("\\A\\s+"; "") | .[:-64] + (.[-64:] | sub("\\s+\\z"; ""));

# What is said in a message's content: texts, without what the program added to them.
def texts:
  [
    (strings, (arrays | .[] | objects | select(.type == "text") | .text | strings))
    | reduce ("system-reminder", "ide_opened_file", "ide_selection", "ide_diagnostics") as $name (.; without($name))
    | trimmed
    | select(. != "" and (startswith("<ide_") | not))
  ];

def is_of_the_program:
  . as $text
  | any(
      "<command-name>", "<local-command-", "<bash-input>", "<bash-stdout>", "<bash-stderr>", "<user-memory-input>",
      "<task-notification>", "<agent-notification>", "<bash-notification>", "<teammate-message",
      "<cross-session-message", "<channel source=", "<tick>", "[Request interrupted by user",
      "Caveat: The messages below were generated by the user while running local commands",
      "This session is being continued from a previous conversation";
      . as $front | $text | startswith($front));

def tagged($name): split("<\($name)>")[1] // "" | split("</\($name)>")[0] // "" | trimmed;

def command:
  (tagged("command-name") | ltrimstr("/")) as $name
  | select($name != "" and (contains("<skill-format>") | not))
  | {nl_input: (["/" + $name, (tagged("command-args") | select(. != ""))] | join(" ")), workflow_template: $name};

# What CONTENT asks for; nothing, if no person asks.
def asked:
  select(type == "string" or type == "array" and all(.[] | objects; .type != "tool_result"))
  | texts as $texts
  | if $texts == [] then
      select(any(arrays | .[] | objects; .type | IN("image", "document"))) | {}
    elif $texts[0] | startswith("<command-message>") then
      $texts[0] | command
    elif $texts[0] | is_of_the_program then
      empty
    else
      {nl_input: ($texts | join("\n"))}
    end;

def by_person: .isMeta != true and (.origin == null or (.origin.kind? // null) == "human");

def prompts:
  if .isSidechain == true then
    empty
  elif .type == "user" then
    select(by_person and .isCompactSummary != true and .isVisibleInTranscriptOnly != true and .turnCompanion != true
      and .toolUseResult == null and .promptSource != "system")
    | .message.content
  elif .type == "attachment" then
    .attachment | objects
    | select(.type == "queued_command" and by_person and (.commandMode | IN(null, "prompt")))
    | .prompt
  else
    empty
  end;

def turns:
  (prompts | asked) as $asked
  | {
      kind: "workflow", workflow_id: line_id, revision: revision(0), turn: true,
      created_at: .timestamp, session_id: .sessionId
    } + $asked;

# -- lines --

# What a subagent says while it works stands in a line of its session.
def unwrapped:
  if .type == "progress" then
    {sessionId, forkedFrom, isSidechain: true} as $of_session
    | {timestamp} + (.data | objects | .message | objects) + $of_session
  else
    .
  end;

objects | unwrapped | select(.message | type | IN("object", "null")) | calls, failed_tools, ends, turns
