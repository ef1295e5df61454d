# pl: about tau-bench: result files of its runs
# pl: files *.json
# pl: when type == "object" and has("task_id") and has("trial") and has("reward") and (.traj | type) == "array"
#
# Results as tau-bench (sierra-research/tau-bench) writes them with run.py: one array, an element a run of a task:
# task_id, trial, reward (1 or 0), traj (the messages) and info: the task with its instruction, or, of a run that broke
# off, error and traceback. Learned from tau_bench/run.py, types.py, envs/base.py and the historical_trajectories beside
# them.
#
# workflow  A run. It is completed if its reward is 1, as tau-bench itself counts, else failed. nl_input is the
#           instruction to the simulated user; error_count the number of calls of tools that failed, which the tools say
#           by "Error: " or "Unknown action " at the start of what they return, and 1 for a run that broke off.
#           workflow_template is the file's name without ".json", and what run.py adds: the range of tasks and the time.
#           The model is known where run.py named the file: STRATEGY-MODEL-TEMPERATURE_range_... workflow_id is the
#           file's name (without its folders), task_id and trial: of a copy in another folder it is the same, of another
#           file it is not. From standard input all files have the name "-": name the files instead.
#
# Left out: user_cost, which is what the simulated user cost; what the agent cost, its tokens and the time are not in
# the file. The successors, tau2-bench and tau3-bench, write another format.

def file: $file | split("/")[-1];

def made_by_run: file | capture("\\A(?<strategy>tool-calling|act|react|few-shot)-(?<model>.+)-[0-9.]+_range_");

def template: file | sub("\\.json\\z"; "") | sub("_range_-?[0-9]+-+[0-9]+_"; "_") | sub("_[0-9]{10}\\z"; "");

def is_success: . >= 1 - 1e-6 and . <= 1 + 1e-6;

# A reward that is no number is passed on, so that the run is refused for its status.
def status:
  if type == "number" then (if is_success then "completed" else "failed" end)
  else tojson end;

# What a tool returned: a message of its own, or, to an agent without native tool calls, one of the user.
def tool_result:
  if .role == "tool" then .content
  elif .role == "user" then .content | strings | select(startswith("API output: ")) | ltrimstr("API output: ")
  else empty end;

def info: .info | objects;

def errors:
  if any(info; .error != null) then 1
  else
    [.traj[] | objects | tool_result | strings | select(startswith("Error: ") or startswith("Unknown action "))]
    | length
  end;

objects | select(has("task_id") and has("trial") and has("reward") and (.traj | type) == "array")
| {
    kind: "workflow", workflow_id: "tau-bench:\(file):\(.task_id):\(.trial)",
    nl_input: ((info | .task | objects | .instruction) // null), workflow_template: template,
    model: ([made_by_run.model][0]),
    status: (.reward | status), error_message: ((info | .error) // null), error_count: errors
  }
