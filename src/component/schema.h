/* The pieces of a JSON Schema; all but the option append to a text, whose errors are sticky. */
#pragma once

#include "component/pool.h"
#include "component/buffer.h"
#include "trainax/component.h"

typedef struct tx_schema {
    const tx_registry *registry;
    tx_pool pool;
    tx_buffer text;
    char place[192]; /* of the definition that is being written, "/definitions/network.conv"; "": of the whole */
} tx_schema;

const char *tx_schema_comma(int k);                         /* before all but the first */
void tx_schema_string(tx_buffer *text, const char *string); /* NULL: "" */
void tx_schema_reference(tx_buffer *text, const char *definition);
/* words: names of the tables, separated by spaces. As they are spelled there, a member of a schema, … */
void tx_schema_enumeration(tx_buffer *text, const char *words);
/* … and in any spelling that the program takes, a schema. endings: as in tx_same_name. */
void tx_schema_pattern(tx_buffer *text, const char *words, const char *endings);
/* Short forms of components, a schema. Their fields are integers, but ACTIVATION. */
void tx_schema_forms(tx_buffer *text, tx_short_form_rule *forms);
/* Names of metrics, several separated by commas, a schema. */
void tx_schema_metrics(tx_buffer *text, const tx_registry *registry);
/* What may stand for an option of `owner`. */
tx_status tx_schema_option(tx_schema *schema, const tx_component *owner, const tx_option *option);
