# What recompute.jq and recompute-loop.jq share: how a table is held against what it should be.

def rows($file): $file | if length == 0 then [] else .[0] end;
def text_time: . / 1000 | floor | todate | sub("T"; " ") | sub("Z"; "");
def mean: if length == 0 then null else add / length end;
# Whole numbers exactly; others as nearly as two ways of reckoning them can be.
def near($a; $b):
  if ($a | type) != "number" or ($b | type) != "number" then $a == $b
  elif ($a | floor) == $a and ($b | floor) == $b then $a == $b
  else ($a - $b | fabs) <= 1e-12 * ($b | fabs) end;
def unless_null(f): if . == null then null else f end;
# A line for each member of $should that $is has otherwise.
def differences($what; $is; $should):
  $should | to_entries[] | select(near($is[.key]; .value) | not)
  | "\($what): \(.key) is \($is[.key] | tojson), and should be \(.value | tojson)";

def as_many($what; $is; $should):
  ($is | length) as $i | ($should | length) as $s
  | if $i == $s then empty else "there are \($i) \($what), not \($s)" end;

# The newest of the versions of each: several where only a hash can choose.
def newest($key): group_by(.[$key]) | map((map(.version) | max) as $newest | map(select(.version == $newest)) | unique);
def known(f): map(f | select(. != null));
# Of such candidates the one that the database chose, which must be one of them: $stored is its row. If it is none, the
# first candidate goes on in its place, marked.
def choose($stored):
  [.[] | select([differences(""; $stored; .row)] == [])][0] // (.[0] | .wrong = true);
