/* models: who makes a model, by its name, and how people name it. */
#ifndef PL_RULES_MODELS_H
#define PL_RULES_MODELS_H

#include <stdbool.h>

#include "base/text.h"

/* MODEL's provider: what stands before its first '/', else the maker of the family that its name begins with, else
 * "unknown"; never empty. A provider that pl knows is spelt as pl does and lasts for good; another borrows from MODEL.
 */
struct span model_provider(struct span model);
/* A provider's NAME as pl spells it, case aside, if it knows it; else as it is. */
struct span provider_spelt(struct span name);

/* Whether a person means MODEL of PROVIDER by NAME, who may leave out the provider that a model's name begins with, or
 * put it before a name that has none. */
bool model_is_named(const char *provider, const char *model, const char *name);

#endif
