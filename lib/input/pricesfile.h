/* pricesfile: price lists as JSON data. share/pl/prices.json is one, in the form
 *
 *     {"about": "...", "date": "2026-01-31", "unit": "USD per million tokens",
 *      "models": {"NAME": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75, "cache_write_1h": 6,
 *                          "before": {"2026-01-01": {"input": 6, "output": 30}, ...},
 *                          "also": ["ANOTHER NAME", ...], "about": "..."}, ...}}
 *
 * of which models, and of each the price of input and output, must be there. A price has 6 decimal places at most and
 * is at most 1000000; one that is left out, or null, is not known. "before" has what the model cost before a date in
 * UTC. Every name of a model stands by itself: a list that is laid over another gives only the names that it has itself
 * another price.
 */
#ifndef PL_INPUT_PRICESFILE_H
#define PL_INPUT_PRICESFILE_H

#include "base/text.h"
#include "rules/prices.h"

/* Prices from BASE and, laid over them, EXTRA (s NULL: none), whose models win over those of BASE. NULL, with ERROR
 * set, if one is not valid: it names the model and the member. The caller frees the list with prices_free. */
struct price_list *prices_parse(struct span base, struct span extra, struct text *error);

#endif
