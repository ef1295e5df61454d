# LiteLLM's public list of prices as one of pl's (pl-records(5), PRICES):
#
#     jq -f prices-from-litellm.jq model_prices_and_context_window.json >my-prices.json
#     pl-record --prices my-prices.json
#
# The list is {"PROVIDER/MODEL": {"litellm_provider", "mode", "input_cost_per_token", "output_cost_per_token",
# "cache_read_input_token_cost", "cache_creation_input_token_cost", "cache_creation_input_token_cost_above_1hr"}, ...}, in
# dollars a token, as BerriAI/litellm has it in August 2026. Its chats, completions, responses and embeddings are taken.
#
# Names are without the provider, as pl looks them up, so that several entries may come down to one. The one counts that
# is
#
#   1. of the provider that `jq --arg prefer PROVIDER` names (a litellm_provider), if one is named;
#   2. else of the maker's own API, as in pl's own list;
#   3. else of a cloud that has prices of its own for other makers' models (Bedrock, Vertex AI, Azure);
#   4. else of anyone who hosts the model;
#
# and, of several, the one with the fewest names before its own. If there are still several, and they contradict each
# other, there is no one price: the name is left out, and its cost is not known. So it is for a model whose thinking has
# another price than its answers, which pl does not tell apart. An entry of over 1000 dollars a million tokens is a
# mistake, and is passed over.
#
# The prices are those of short prompts at the standard tier; one that the list does not say is not known, and a name in
# this list wins over pl's own whole.

# -- which entry --

def own:
  "ai21", "amazon_nova", "anthropic", "codestral", "cohere", "cohere_chat", "dashscope", "deepseek", "gemini",
  "inception", "jina_ai", "meta", "minimax", "mistral", "moonshot", "openai", "perplexity", "sarvam", "tencent",
  "text-completion-codestral", "text-completion-inception", "text-completion-openai", "volcengine", "voyage", "xai",
  "zai";

def cloud: "azure", "azure_ai", "azure_text", "bedrock", "bedrock_converse", "sagemaker", "vertex_ai";

def rank:
  if . != null and . == $ARGS.named.prefer then 1
  else tostring | sub("^vertex_ai-.*$"; "vertex_ai") | if IN(own) then 2 elif IN(cloud) then 3 else 4 end end;

# -- its prices --

# Dollars a million tokens from dollars a token, by way of a whole number: 3e-07 times a million is not quite 0.3.
def per_million: . * 1000000000000 | round | . / 1000000;

def prices:
  {
    input: .input_cost_per_token,
    output: (.output_cost_per_token // (if .mode == "embedding" then 0 else null end)),
    cache_read: (.cache_read_input_token_cost // .input_cost_per_token_cache_hit),
    cache_write: .cache_creation_input_token_cost,
    cache_write_1h: .cache_creation_input_token_cost_above_1hr
  }
  | with_entries(select(.value | type == "number" and . >= 0) | .value |= per_million)
  | select(has("input") and has("output") and all(.[]; . <= 1000));

def thinking_is_apart:
  .output_cost_per_reasoning_token
  and .output_cost_per_reasoning_token > 0 and .output_cost_per_reasoning_token != .output_cost_per_token;

def entries:
  to_entries[]
  | .key as $key
  | .value | objects
  | select(.mode == null or (.mode | IN("chat", "completion", "responses", "embedding")))
  | ($key | split("/")) as $path
  | {
      name: ($path | last // "" | ascii_downcase),
      rank: [(.litellm_provider | rank), ($path | length)],
      prices: prices,
      apart: thinking_is_apart
    }
  | select(.name | length > 0 and utf8bytelength <= 128);

# Of the prices of several: each that one of them says. Empty if they contradict each other.
def agreed:
  [.[] | to_entries[]]
  | unique
  | select(map(.key) | length == (unique | length))
  | from_entries
  | {input, output, cache_read, cache_write, cache_write_1h}
  | with_entries(select(.value != null));

# Of the entries of one name: what those that come first say.
def best:
  (map(.rank) | min) as $first
  | map(select(.rank == $first))
  | select(all(.[]; .apart | not))
  | {(.[0].name): (map(.prices) | agreed)};

{
  about: "From LiteLLM's list of prices, by prices-from-litellm.jq, which tells which of its entries count.",
  unit: "USD per million tokens",
  models: ([entries] | group_by(.name) | map(best) | add // {})
}
