# pl: about Claude Code: what its hooks are told, one event a process
# pl: when type == "object" and (.hook_event_name | type) == "string" and (.session_id | type) == "string"
#
# Claude Code runs the commands of its hooks with one JSON object on stdin; pl-record can be such a command:
#
#     {"hooks": {
#       "UserPromptSubmit":   [{"hooks": [{"type": "command", "command": "pl-record -q -m claude-hooks || true"}]}],
#       "PostToolUseFailure": [{"hooks": [{"type": "command", "command": "pl-record -q -m claude-hooks || true"}]}],
#       "Stop":               [{"hooks": [{"type": "command", "command": "pl-record -q -m claude-hooks || true"}]}]
#     }}
#
# in its settings.json; the same for StopFailure and PostToolUse, if they are wanted. -q, since what a hook writes on
# stdout goes to the model; "|| true", since a hook's status 2 stops the prompt. The fields are those of its reference
# of hooks and of the types in anthropics/claude-agent-sdk-python: session_id and hook_event_name, prompt, tool_name,
# tool_use_id (not in old versions), tool_response.
#
# The transcripts (claude-code) say all of this and, unlike hooks, tokens and models: who reads them does not need the
# hooks as well, and would have every prompt twice. Hooks are for who has no transcripts, or wants to know at once.
#
# Hooks bear no times: that of recording counts.
#
# UserPromptSubmit     workflow, a turn of its session. It bears no id of its own (prompt_id is also that of prompts
#                      that are typed while it works), so workflow_id is the session's with the time: each process is
#                      a prompt. What Claude Code itself submits (a task-notification, say) is left out. A slash
#                      command is given as it was typed, and is the template.
# PostToolUse          step: a tool, which succeeded unless its response says otherwise
# PostToolUseFailure   step: a tool that failed, by its tool_use_id
# Stop, StopFailure    step: the turn's end; StopFailure: with an error
#
# All others are left out: SubagentStop does not end a turn, and a session's end says nothing of when the last one did.

def is_of_the_program:
  . as $text
  | any(
      "<task-notification>", "<agent-notification>", "<bash-notification>", "<teammate-message",
      "<cross-session-message", "<channel source=", "<tick>";
      . as $front | $text | startswith($front));

def turn:
  select(.prompt | type == "string" and is_of_the_program | not)
  | {
      kind: "workflow", workflow_id: "\(.session_id):\(now)", turn: true, session_id, nl_input: .prompt,
      workflow_template: ([.prompt | strings | capture("\\A/(?<name>[\\w:.-]+)(\\s|\\z)").name] | .[0])
    };

def tool($success): {kind: "step", step: "tool", event_id: .tool_use_id, session_id, tool_name, success: $success};

def stop($success): {kind: "step", step: "stop", session_id, success: $success};

def succeeded: type != "object" or (.is_error != true and .isError != true and .success != false);

objects
| if .hook_event_name == "UserPromptSubmit" then turn
  elif .hook_event_name == "PostToolUse" then tool(.tool_response | succeeded)
  elif .hook_event_name == "PostToolUseFailure" then tool(false)
  elif .hook_event_name == "Stop" then stop(null)
  elif .hook_event_name == "StopFailure" then stop(false)
  else empty
  end
