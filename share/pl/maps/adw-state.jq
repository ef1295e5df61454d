# pl: about ADW (AI developer workflows): the adw_state.json of each run
# pl: files adw_state.json
# pl: when type == "object" and (.adw_id | type) == "string" and (has("issue_number") or has("branch_name") or has("plan_file") or has("workflow_template"))
#
# A run of an AI developer workflow keeps its state in agents/ADW_ID/adw_state.json of the project that it works on, one
# object, written again after each step. Many projects have copies of the scripts that do so, each with changes of its
# own (ADWState in adws/adw_modules/state.py). What is common to them was learned from those that are public, above all
# warmonger0/tac-webbuilder, whose history of workflows reads these files too (workflow_history_utils/filesystem.py,
# adw_monitor.py), and alexfosterinvisible/Cortex-Code. All have adw_id, issue_number, branch_name, plan_file,
# issue_class, model_set ("base" or "heavy") and all_adws (the workflows that worked on it); some have nl_input, or the
# issue itself, workflow_template, model_used, status, start_time, end_time, errors, tokens and costs.
#
# workflow  The run. workflow_id is adw_id; where that is missing, the name of the folder. nl_input is the text, else
#           the title of the issue. workflow_template is said, or is the one workflow in all_adws. Most runs say no
#           status, and count as completed. Of those that do: a run that is paused goes on, one that is queued is
#           pending. The state of a run that broke off may say "running" for ever. Times without an offset are taken as
#           UTC, though Python's are local. Of two states of a run that has more in it is the newer (`revision`), since
#           not all say when they were written.
#
# Left out: estimated costs; names that the run made up (branch, plan file), though they resemble what was asked; what
# the agents of the run did, which is in raw_output.jsonl files and in Claude Code's transcripts.

def known: ["issue_number", "branch_name", "plan_file", "issue_class", "workflow_template", "nl_input", "all_adws"];

def is_state: . as $state | has("adw_id") or any(known[]; . as $name | $state | has($name));

def folder: $file | split("/") | select(length > 1) | .[-2];

def title: .issue_title // (.issue_json | objects | .title) // (.issue | objects | .title);

def template:
  .workflow_template // .workflow
  // (.all_adws | arrays | select(length == 1) | .[0] | strings | select(startswith("adw_")));

def status:
  if type == "string" then
    ascii_downcase as $name
    | {
        "queued": "pending", "paused": "running", "in_progress": "running", "started": "running",
        "success": "completed", "succeeded": "completed", "done": "completed", "error": "failed", "aborted": "failed"
      }[$name] // $name
  else . end;

def seconds:
  strings | (try (.[0:19] | sub(" "; "T") | . + "Z" | fromdateiso8601) catch null) as $whole | select($whole != null)
  | (.[19:] | capture("\\A(?<digits>\\.[0-9]{1,6})")? | "0" + .digits | tonumber) // 0 | . + $whole;

# Both times must have the same offset, or none.
def offset: .[19:] | sub("\\A\\.[0-9]+"; "");

def duration:
  if ([.start_time, .end_time] | all(type == "string")) and (.start_time | offset) == (.end_time | offset) then
    ((.end_time | seconds) - (.start_time | seconds) | select(. >= 0)) // null
  else null end;

def revision: ([.[] | select(. != null)] | length) + (.all_adws | if type == "array" then length else 0 end);

objects | select(is_state)
| {
    kind: "workflow", workflow_id: (.adw_id // (folder // null)), revision: revision,
    nl_input: (.nl_input // (title // null)), workflow_template: (template // null), model: (.model_used // .model),
    status: (.status | status), error_message: (.error_message // .last_error), error_count, retry_count,
    duration_seconds: (.duration_seconds // duration),
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, total_tokens,
    cost: (.actual_cost_total // .current_cost),
    session_id,
    created_at: (.start_time // .created_at), updated_at: (.end_time // .updated_at // .last_updated)
  }
