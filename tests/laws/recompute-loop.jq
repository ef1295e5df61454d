# What a database should hold of requests, ratings, budgets and totals, from the truth that history.sh and loop.sh tell
# of every record and from nothing else; prints a line for each difference.
#   jq -nr -L DIR -f recompute-loop.jq --slurpfile truth FILE --slurpfile workflows FILE --slurpfile requests FILE \
#     --slurpfile feedback FILE --slurpfile budgets FILE --slurpfile totals FILE --slurpfile summary FILE \
#     --slurpfile costs FILE --slurpfile rated FILE
# The last three are the reports summary, costs --by model, and feedback.
include "compare";

def chosen($kind; $key; $stored; f):
  $truth | map(select(.kind == $kind)) | newest($key) | map(map(f) | choose($stored[.[0][$key]]));
# A line for each value of a row that is none of its candidates'.
def wrong($what; $key; $stored): .[] | select(.wrong) | differences("\($what) \(.[$key])"; $stored[.[$key]]; .row);
def with_time: .row.timestamp = (.at | text_time);

# A provider that neither the request nor its model tells gives way to the rating's.
def provider: .selected_provider | if . == "unknown" then null else . end;

# In billionths; null where nobody says.
def own_quality: .row.quality_score | unless_null(. * 1000000000 | round);
def quality_of_ratings:
  if length == 0 then null
  else (map(.row.quality_score - 1) | add) as $above | (2000000000 * $above + 4 * length) / (8 * length) | floor end;
def quality($ratings): if own_quality != null then own_quality else $ratings | quality_of_ratings end;
def assumed:
  if .row.thinking_tokens != null then .row.thinking_tokens > 0 else (.row.thinking_budget // 0) > 0 end
  | if . then 850000000 else 650000000 end;

# A row of budget_patterns, from the requests with one prompt; complexity_level apart, which several may have.
def budget:
  known(.row.thinking_tokens) as $tokens | known(.row.thinking_budget) as $budgets | known(.known_quality) as $known
  | (map(.known_quality // assumed) | add) as $total
  | { usage_count: length,
      avg_budget: (($tokens | mean) // ($budgets | mean) | unless_null(floor)),
      total_quality_score: ($total / 1000000000),
      quality_score: ($total / (1000000000 * length)),
      last_used: (map(.at) | max / 1000 | floor),
      created_at: (map(.at) | min / 1000 | floor),
      tokens_known: ($tokens | length), tokens: ($tokens | add // 0),
      budgets_known: ($budgets | length), budgets: ($budgets | add // 0),
      quality_known: ($known | length), quality: ($known | add // 0), quality_total: $total };
# What the last request to know it says; of several at one time with no id any.
def levels:
  map(select(.row.complexity != null)) | map(.order = [.at, (.id // "" | explode)])
  | (map(.order) | max) as $last | map(select(.order == $last).row.complexity) | if length == 0 then [null] else . end;

def nano: . * 1000000000 | round;
def sum($name; values): known(values) | {($name): (add // 0), ($name + "_known"): length};
# Of what is spent on one model.
def spent:
  { requests: length,
    input_tokens: (known(.row.input_tokens) | add), output_tokens: (known(.row.output_tokens) | add),
    cache_read_tokens: (known(.row.cache_read_tokens) | add),
    cache_write_tokens: (known(.row.cache_write_tokens) | add),
    total_cost: (known(.nano) | add | unless_null(. / 1000000000)) };
# Of the ratings of one model.
def rated:
  { count: length, avg_quality: (map(.row.quality_score) | mean), correctness_rate: (known(.row.is_correct) | mean) };
# A line for each figure of a report that differs, row by row.
def report($what; $key; $is; $should):
  as_many("rows of \($what)"; $is; $should),
  ($should[] | .[$key] as $of | differences("\($what) of \($of)"; [$is[] | select(.[$key] == $of)][0]; .));

(rows($workflows) | map({key: .workflow_id, value: .}) | from_entries) as $stored_workflows
| (rows($requests) | map({key: (.request_id // .session_id), value: .}) | from_entries) as $stored_requests
| (rows($feedback) | map({key: (.comment | split(" ")[0]), value: .}) | from_entries) as $stored_feedback
| chosen("workflow"; "id"; $stored_workflows; .) as $all_workflows
| chosen("request"; "key"; $stored_requests; with_time) as $all_requests
| chosen("feedback"; "key"; $stored_feedback; with_time) as $all_feedback

# (workflows have been looked at by recompute.jq)
| ($all_requests | wrong("request"; "key"; $stored_requests)),
  as_many("requests"; rows($requests); $all_requests),
  ($all_feedback | wrong("rating"; "key"; $stored_feedback)),
  as_many("ratings"; rows($feedback); $all_feedback),

# what a rating is about: as its request says it, else as it says itself
( ($all_requests | map(select(.id != null) | {key: .id, value: .row}) | from_entries) as $asked
| ($all_feedback | map(. as $rating | $asked[.row.request_id] as $request | .about = {
      prompt_pattern: ($request.pattern_detected // .prompt_pattern),
      selected_provider: (if $request.selected_model == null
        then $request | provider // $rating.selected_provider // .selected_provider
        else $request.selected_provider end),
      selected_model: ($request.selected_model // .selected_model),
      complexity_score: ($request.complexity_score // .complexity_score) })) as $ratings
| ($ratings[] | differences("rating \(.key)"; $stored_feedback[.key]; .about)),
  report("feedback"; "selected_model"; rows($rated).models;
    $ratings | group_by(.about.selected_model) | map(rated + {selected_model: .[0].about.selected_model})),
  differences("feedback"; rows($rated);
    {total_feedback: ($ratings | length), avg_quality_score: ($ratings | map(.row.quality_score) | mean)}),

# what each prompt took
  ( (rows($budgets) | map({key: .prompt_hash, value: .}) | from_entries) as $stored
  | ($all_feedback | group_by(.row.request_id) | map({key: .[0].row.request_id, value: .}) | from_entries) as $rated_as
  | ($all_requests | map(select(.row.prompt_hash != null)
      | .known_quality = quality(if .id == null then [] else $rated_as[.id] // [] end))
      | group_by(.row.prompt_hash)) as $prompts
  | as_many("budgets"; rows($budgets); $prompts),
    ($prompts[] | .[0].row.prompt_hash as $hash
      | differences("budget \($hash)"; $stored[$hash]; budget),
        (levels as $may | $stored[$hash].complexity_level as $is | select($may | index([$is]) == null)
          | "budget \($hash): complexity_level is \($is), and should be \($may | unique | join(" or "))"))),

# and what it all adds up to: a workflow's cost is a request's, if one names it
  ( ($all_requests | map(.row.workflow_id | select(. != null) | {key: ., value: true}) | from_entries) as $named
  | ($all_workflows | map(select($named[.id] | not) | .row.cost = .row.actual_cost_total
      | .row.selected_model = .row.model_used)) as $unnamed
  | ($all_requests + $unnamed | map(.nano = (.row.cost | unless_null(nano)))) as $paid
  | (rows($totals) | map({key: .name, value: .value}) | from_entries) as $stored
  | ($all_workflows | map(select(.version[2] == 1))) as $ended
  | ( { workflows: ($all_workflows | length),
        learned: ($ended | length),
        matched: ($ended | map(select(.signatures != [])) | length),
        requests: ($all_requests | length),
        feedback: ($all_feedback | length) }
      + ($all_workflows | sum("tokens"; .row.total_tokens))
      + ($unnamed | sum("cost"; .row.cost | unless_null(nano)))
      + ($all_requests | sum("request_cost"; .row.cost | unless_null(nano)))) as $should
  | differences("total"; ($should | map_values(0)) + $stored; $should),
    differences("summary"; rows($summary);
      { total_requests: ($all_requests | length), total_feedback: ($all_feedback | length),
        total_cost: ($paid | spent.total_cost) }),
    report("costs"; "model"; rows($costs);
      $paid | group_by(.row.selected_model) | map(spent + {model: .[0].row.selected_model}))))
