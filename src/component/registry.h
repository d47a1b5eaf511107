/* What the registry's users inside this room need beyond the public header. */
#pragma once

#include "trainax/component.h"

/* The endings that names of a kind have in Python, for tx_same_name: "trainer configuration". */
const char *tx_kind_endings(tx_kind kind);
/* How a message names a kind: "data source" / "data sources". */
const char *tx_kind_spoken(tx_kind kind);
const char *tx_kind_spoken_plural(tx_kind kind);
const char *tx_kind_article(tx_kind kind); /* "a", "an" */
tx_kind tx_kind_find(const char *name);    /* by name or plural; TX_KIND_COUNT: none */

/* The kind whose components are accepted where one of `kind` is asked for: optimizers in a list of transforms. `kind` itself
 * where there is none. */
tx_kind tx_kind_stand_in(tx_kind kind);
const tx_component *tx_registry_find_for(const tx_registry *registry, tx_kind kind, const char *name); /* of either; NULL: none */

/* The same for a call as Python writes it: optax.adamw(1e-3) is adamw. */
const tx_component *tx_registry_find_called(const tx_registry *registry, tx_kind kind, const char *call);

tx_descriptor_rule *tx_registry_rule(const tx_registry *registry, tx_kind kind); /* NULL: none */
tx_short_form_rule *tx_registry_forms(const tx_registry *registry, tx_kind kind);
tx_expansion_rule *tx_registry_expansion(const tx_registry *registry, tx_kind kind); /* NULL: none */

/* The most options that a component may have; those that its kind and its list add are few. */
enum { TX_OWN_OPTIONS = 100 };
/* Options that every component of a kind has unless a room shares others. */
const tx_option *tx_kind_options(tx_kind kind);

/* How several of a kind are written where one is asked for: "{type: chain, transforms: […]}"; "": they are not. */
typedef struct tx_listing {
    char text[160];
} tx_listing;
tx_listing tx_registry_listing(const tx_registry *registry, tx_kind kind);

/* What is wrong with a name, as the end of a sentence: "unknown optimizer 'adamm' (did you mean 'adam'? There are: …)". */
typedef struct tx_complaint {
    char text[1100];
} tx_complaint;
tx_complaint tx_registry_complain(const tx_registry *registry, tx_kind kind, const char *name);
/* "a, b, c", cut to the size of `text`. */
void tx_registry_names(const tx_registry *registry, tx_kind kind, char *text, size_t size);
