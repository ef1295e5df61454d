# What a database should hold of workflows, patterns and reviews, from the truth that history.sh tells of every record
# and from nothing else; prints a line for each difference.
#   jq -nr -L DIR -f recompute.jq --slurpfile truth FILE --slurpfile workflows FILE --slurpfile occurrences FILE \
#     --slurpfile patterns FILE --slurpfile reviews FILE --slurpfile summary FILE
# The database's tables are as `sqlite3 -json` writes them.
include "compare";

def complexity:
  (.row.error_count // 0) as $errors
  | if .size == "complex" or $errors > 5 then "complex"
    elif .size == "simple" and $errors < 3 then "simple"
    else "medium" end;
def characteristics: {
  input_length: (.row.nl_input | unless_null(length)),
  files_mentioned: .files,
  duration_range: (.duration_ms
    | unless_null(if . < 180000 then "short" elif . < 600000 then "medium" else "long" end)),
  complexity: complexity,
  error_count: .row.error_count };

def confidence:
  length as $n | (known(.duration_ms) | map(select(. > 0) / 1000)) as $seconds
  | ($seconds | mean) as $mean | ($seconds | map(. - $mean | . * .) | mean) as $variance
  | (known(.row.error_count) | mean // 0) as $errors | (known(.retries) | mean // 0) as $retries
  | (if $n >= 10 then 40 elif $n >= 5 then 30 elif $n >= 3 then 20 else 10 end)
    + (if ($seconds | length) < 2 then 15 elif $variance < 100 then 30 elif $variance < 1000 then 20 else 10 end)
    + (if $errors == 0 and $retries == 0 then 30
       elif $errors < 1 and $retries < 2 then 20
       elif $errors < 3 then 10
       else 5 end);
# From a pattern's workflows, in the order of (time, id).
def figures:
  (known(.row.total_tokens) | mean) as $tokens | (known(.row.actual_cost_total) | mean) as $cost
  | ((.[-1].created - .[0].created) / 86400000) as $days | length as $n
  | { occurrence_count: $n,
      avg_tokens_with_llm: ($tokens | unless_null(floor)),
      avg_tokens_with_tool: ($tokens | unless_null(floor / 20 | floor)),
      avg_cost_with_llm: $cost,
      avg_cost_with_tool: ($cost | unless_null(. * 0.05)),
      potential_monthly_savings: ($cost | unless_null((. - . * 0.05) * $n * 30 / ([30, $days] | max))),
      confidence_score: confidence,
      created_at: (.[0].created | text_time),
      last_seen: (.[-1].created | text_time) };

($truth | map(select(.kind == "workflow")) | newest("id")) as $newest
| (rows($workflows) | map({key: .workflow_id, value: .}) | from_entries) as $stored
# of the candidates the one that the database chose, which must be one of them
| ($newest | map(map(.row.created_at = (.created | text_time)) | choose($stored[.[0].id]))) as $chosen
| ($chosen[] | select(.wrong) | "workflow \(.id): is \($stored[.id] | tojson), and should be \(.row | tojson)"),
  as_many("workflows"; $stored; $newest),

# which workflow shows which pattern
( ($chosen | map(select(.version[2] == 1))) as $learned
| ($learned | map(. as $w | .signatures[] | {pattern: ., w: $w}) | group_by(.pattern)
   | map({key: .[0].pattern, value: (map(.w) | sort_by(.created, (.id | explode)))}) | from_entries) as $showing
| (rows($occurrences) | map({key: "\(.pattern_signature) \(.workflow_id)", value: .}) | from_entries) as $shown
| ($showing | to_entries | map(.key as $p | .value[] | {key: "\($p) \(.id)", value: .})) as $should
| ($should[] | if $shown[.key] == null then "\(.key) is missing" else
    differences(.key; $shown[.key].matched_characteristics | fromjson; .value | characteristics) end),
  as_many("occurrences"; $shown; $should),

# what it adds up to
  ( (rows($patterns) | map({key: .pattern_signature, value: .}) | from_entries) as $rows
  | ($showing | to_entries[] | .key as $p
      | differences($p; $rows[$p]; .value | figures),
        differences($p; $rows[$p]; {pattern_type: ($p | split(":")[0])}),
        differences($p + ": typical"; $rows[$p].typical_input_pattern // "{}" | fromjson; .value[0] | characteristics)),
    (($rows | map_values(select(.occurrence_count > 0)) | keys) - ($showing | keys) | .[]
      | "\(.) should have no occurrence"),
    ($rows[] | select(.occurrence_count == 0)
      | differences(.pattern_signature; .; {avg_tokens_with_llm: null, avg_cost_with_llm: null, confidence_score: 10,
          potential_monthly_savings: null})),
    differences("summary"; rows($summary) | if type == "array" then .[0] else . end;
      { total_workflows: ($chosen | length), total_patterns: ($showing | length), total_occurrences: ($should | length),
        potential_monthly_savings: ($showing | map(figures.potential_monthly_savings) | add) }),

# and which review is in force: of equals any
    ( ($truth | map(select(.kind == "review")) | newest("key")) as $given
    | (rows($reviews) | map({key: (.review_notes | split(" ")[0]), value: .}) | from_entries) as $kept
    | ($given | map(choose($kept[.[0].key]))) as $decided
    | ($decided[] | select(.wrong) | "review \(.key): is \($kept[.key] | tojson), and should be \(.row | tojson)"),
      as_many("reviews"; $kept; $given),
      ($rows[] | .pattern_signature as $p
        | ($decided | map(select(.row.pattern_signature == $p))
           | if length == 0 then ["detected"]
             else (map(.reviewed) | max) as $last | map(select(.reviewed == $last).row.automation_status) end) as $may
        | .automation_status as $is | select($may | index($is) == null)
        | "\($p): automation_status is \($is), and should be \($may | unique | join(" or "))"))))
