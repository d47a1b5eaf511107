/* From the text of YAML to its tree. */
#include "component/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#include "component/buffer.h"

void tx_yaml_library(char *text, size_t size)
{
    snprintf(text, size, "%s", fy_library_version());
}

/* No configuration needs more; a hostile one must not take the machine down. */
enum { MAX_DEPTH = 60, MAX_KEYS = 4096, MAX_NODES = 1000000, MAX_MERGED = 100000 };

typedef struct anchor {
    const struct anchor *before;
    const char *name;
    tx_yaml *node;
} anchor;

typedef struct reader {
    const char *text;
    struct fy_parser *parser;
    struct fy_diag *diagnostics;
    tx_pool *pool;
    tx_error *error;
    const anchor *anchors;
    tx_place last; /* of the last token: where empty values stand */
    bool positioned;
    int depth;
    int nodes;
    size_t merged; /* keys that merges have looked at */
} reader;

/* What is left of a libfyaml event once it is freed. */
typedef struct item {
    enum fy_event_type type;
    const char *text, *anchor; /* NULL: none */
    bool quoted;
    tx_place place;
} item;

/* -- syntax errors -- */

/* libfyaml's messages that a user could not do anything with, by how they begin, in plain words. */
static const struct {
    const char *theirs, *ours;
} plain_words[] = {
    {"invalid tab", "a tab cannot indent YAML; use spaces"},
    {"tab character", "a tab cannot indent YAML; use spaces"},
    {"invalid multiline plain key", "no 'key: value' here (is a ':', the space after it, or some indentation missing?)"},
    {"invalid indentation in mapping", "this line is indented differently from the keys above it"},
    {"did not find expected key", "a 'key: value' is expected here"},
    {"invalid nested block mapping", "a second ':' in one line (a text with ': ' in it needs quotes)"},
    {"invalid value after mapping", "this line is indented differently from the keys above it"},
    {"flow sequence without a closing", "a '[' has no closing ']'"},
    {"flow mapping without a closing", "a '{' has no closing '}'"},
    {"missing comma in flow mapping", "a ',' or the closing '}' is missing"},
    {"missing comma in flow sequence", "a ',' or the closing ']' is missing"},
};

/* Is a value of this line a slice such as -3: or 10: without quotes? Its end looks like that of a key. */
static bool has_bare_slice(const char *line)
{
    const size_t end = strcspn(line, "\n");
    for (size_t k = 0; k + 1 < end; k++) {
        const char *value = line + k + 2;
        if (line[k] == ':' && (line[k + 1] == ' ' || line[k + 1] == '\t')) {
            value += strspn(value, " \t");
            const size_t length = strspn(value, "-0123456789:");
            const char *behind = value + length + strspn(value + length, " \t");
            if (length && value[length - 1] == ':' && strchr("\r\n,}]#", *behind)) {
                return true;
            }
        }
    }
    return false;
}

/* What a line lacks that libfyaml does not tell; NULL: nothing known. */
static const char *missing_quotes(const char *text, int number)
{
    for (; number > 1 && *text; number--) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    const char *dollar = strstr(text, "${");
    return has_bare_slice(text)                            ? "a text that ends with ':' needs quotes, as in \"-3:\""
           : dollar && dollar < text + strcspn(text, "\n") ? "a text with ${…} needs quotes here"
                                                           : NULL;
}

static tx_status syntax_error(reader *in)
{
    void *iterator = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(in->diagnostics, &iterator);
    tx_place place = in->last;
    if (!first || !first->msg) {
        return tx_place_error(place, in->error, "this is not YAML");
    }
    if (in->positioned && first->line > 0) {
        place.line = first->line;
        place.column = first->column;
    }
    const char *quotes = missing_quotes(in->text, first->line);
    if (quotes) {
        return tx_place_error(place, in->error, "not valid YAML: %s", quotes);
    }
    for (size_t k = 0; k < sizeof plain_words / sizeof *plain_words; k++) {
        if (!strncmp(first->msg, plain_words[k].theirs, strlen(plain_words[k].theirs))) {
            return tx_place_error(place, in->error, "not valid YAML: %s", plain_words[k].ours);
        }
    }
    return tx_place_error(place, in->error, "not valid YAML: %s", tx_quote(first->msg).text);
}

/* -- events -- */

static tx_status token_text(reader *in, struct fy_token *token, const char **out)
{
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : "";
    if (!text) {
        return tx_error_set(in->error, TX_FAILURE, "out of memory while reading YAML");
    }
    if (memchr(text, 0, length)) {
        return tx_place_error(in->last, in->error, "a text must not hold the character \\0");
    }
    return tx_pool_text(in->pool, text, length, in->error, out);
}

static struct fy_token *anchor_token(const struct fy_event *event)
{
    switch (event->type) {
    case FYET_SCALAR:
        return event->scalar.anchor;
    case FYET_SEQUENCE_START:
        return event->sequence_start.anchor;
    case FYET_MAPPING_START:
        return event->mapping_start.anchor;
    case FYET_ALIAS:
        return event->alias.anchor;
    default:
        return NULL;
    }
}

/* Whether a token's mark stands behind a quote or the '*' of an alias, where a user would point at. */
static bool has_opening(const struct fy_event *event, struct fy_token *token)
{
    const enum fy_scalar_style style = event->type == FYET_SCALAR ? fy_token_scalar_style(token) : FYSS_PLAIN;
    return event->type == FYET_ALIAS || style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static tx_status take_event(reader *in, struct fy_event *event, item *out)
{
    struct fy_token *token = fy_event_get_token(event), *anchored = anchor_token(event);
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    if (mark && in->positioned) {
        in->last.line = mark->line + 1;
        in->last.column = mark->column + !has_opening(event, token);
    }
    *out = (item){.type = event->type, .place = in->last};
    if (event->type == FYET_SCALAR) {
        out->quoted = token && fy_token_scalar_style(token) != FYSS_PLAIN;
        TX_TRY(token_text(in, token, &out->text));
    }
    return anchored ? token_text(in, anchored, &out->anchor) : TX_OK;
}

static tx_status next_item(reader *in, item *out)
{
    struct fy_event *event = fy_parser_parse(in->parser);
    if (!event) {
        return syntax_error(in);
    }
    const tx_status status = take_event(in, event, out);
    fy_parser_event_free(in->parser, event);
    return status;
}

/* -- nodes -- */

static tx_status read_node(reader *in, const item *first, tx_yaml **out);

static tx_status follow_alias(reader *in, const item *alias, tx_yaml **out)
{
    for (const anchor *a = in->anchors; a; a = a->before) {
        if (!strcmp(a->name, alias->anchor)) {
            if (a->node->open) {
                return tx_place_error(alias->place, in->error, "*%s stands inside of &%s", alias->anchor, alias->anchor);
            }
            *out = a->node;
            return TX_OK;
        }
    }
    return tx_place_error(alias->place, in->error, "there is no anchor &%s above", tx_quote(alias->anchor).text);
}

static tx_status remember_anchor(reader *in, const char *name, tx_yaml *node)
{
    anchor *a;
    TX_TRY(tx_pool_allocate(in->pool, 1, sizeof *a, in->error, &a));
    *a = (anchor){.before = in->anchors, .name = name, .node = node};
    in->anchors = a;
    return TX_OK;
}

static tx_status read_list(reader *in, tx_yaml *list)
{
    for (;;) {
        item next;
        tx_yaml *child;
        TX_TRY(next_item(in, &next));
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): set on success */
        if (next.type == FYET_SEQUENCE_END) {
            return TX_OK;
        }
        TX_TRY(read_node(in, &next, &child));
        TX_TRY(tx_yaml_append(in->pool, list, NULL, child, in->error));
    }
}

static tx_status check_room(reader *in, const tx_yaml *mapping, tx_place place)
{
    return mapping->count < MAX_KEYS ? TX_OK : tx_place_error(place, in->error, "more than %d keys in one mapping", MAX_KEYS);
}

static tx_status merge_mapping(reader *in, tx_yaml *into, const tx_yaml *from, tx_place place)
{
    if (from->shape != TX_YAML_MAPPING) {
        return tx_place_error(place, in->error, "<< merges mappings, and this is none");
    }
    if ((in->merged += from->count) > MAX_MERGED) {
        return tx_place_error(place, in->error, "<< merges more than %d keys", MAX_MERGED);
    }
    for (size_t k = 0; k < from->count; k++) {
        if (tx_yaml_find(into, from->keys[k]->text) < 0) {
            TX_TRY(check_room(in, into, place));
            TX_TRY(tx_yaml_append(in->pool, into, from->keys[k], from->items[k], in->error));
        }
    }
    return TX_OK;
}

/* merged: the values of <<. Keys of the mapping itself win, then earlier ones. */
static tx_status merge_all(reader *in, tx_yaml *into, const tx_yaml *merged)
{
    for (size_t k = 0; k < merged->count; k++) {
        const tx_yaml *value = merged->items[k];
        if (value->shape != TX_YAML_LIST) {
            TX_TRY(merge_mapping(in, into, value, value->place));
            continue;
        }
        for (size_t j = 0; j < value->count; j++) {
            TX_TRY(merge_mapping(in, into, value->items[j], value->items[j]->place));
        }
    }
    return TX_OK;
}

static tx_status check_key(reader *in, const tx_yaml *mapping, const tx_yaml *key, tx_place place)
{
    if (key->shape != TX_YAML_SCALAR) {
        return tx_place_error(place, in->error, "a key must be a word, not a %s", key->shape == TX_YAML_LIST ? "list" : "mapping");
    }
    const int before = tx_yaml_find(mapping, key->text);
    if (before < 0) {
        return check_room(in, mapping, place);
    }
    const tx_place first = mapping->keys[before]->place;
    if (!first.line) {
        return tx_place_error(place, in->error, "duplicate key '%s'", tx_quote(key->text).text);
    }
    const char *text = mapping->keys[before]->text;
    const bool same = !strcmp(text, key->text);
    return tx_place_error(place, in->error, "duplicate key '%s' (it stands in line %d too%s%s)", tx_quote(key->text).text,
                          first.line, same ? "" : ", as ", same ? "" : tx_quote(text).text);
}

static tx_status read_pair(reader *in, const item *first, tx_yaml *mapping, tx_yaml *merged)
{
    tx_yaml *key, *value;
    item next;
    TX_TRY(read_node(in, first, &key));
    const bool merges = key->shape == TX_YAML_SCALAR && !key->quoted && !strcmp(key->text, "<<");
    TX_TRY(merges ? TX_OK : check_key(in, mapping, key, first->place));
    TX_TRY(next_item(in, &next));
    TX_TRY(read_node(in, &next, &value));
    return tx_yaml_append(in->pool, merges ? merged : mapping, merges ? NULL : key, value, in->error);
}

static tx_status read_mapping(reader *in, tx_yaml *mapping)
{
    tx_yaml merged = {.shape = TX_YAML_LIST};
    for (;;) {
        item next;
        TX_TRY(next_item(in, &next));
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): set on success */
        if (next.type == FYET_MAPPING_END) {
            return merge_all(in, mapping, &merged);
        }
        TX_TRY(read_pair(in, &next, mapping, &merged));
    }
}

static tx_status read_children(reader *in, tx_yaml *node)
{
    if (++in->depth > MAX_DEPTH) {
        return tx_place_error(node->place, in->error, "nested more than %d deep", MAX_DEPTH);
    }
    node->open = true;
    TX_TRY(node->shape == TX_YAML_LIST ? read_list(in, node) : read_mapping(in, node));
    node->open = false;
    in->depth--;
    return TX_OK;
}

static tx_status read_node(reader *in, const item *first, tx_yaml **out)
{
    if (first->type == FYET_ALIAS) {
        return follow_alias(in, first, out);
    }
    if (++in->nodes > MAX_NODES) {
        return tx_place_error(first->place, in->error, "more than %d values", MAX_NODES);
    }
    tx_yaml *node;
    TX_TRY(tx_yaml_scalar(in->pool, first->place, first->text, in->error, &node));
    node->quoted = first->quoted;
    if (first->anchor) {
        TX_TRY(remember_anchor(in, first->anchor, node));
    }
    if (first->type != FYET_SCALAR) {
        node->shape = first->type == FYET_SEQUENCE_START ? TX_YAML_LIST : TX_YAML_MAPPING;
        TX_TRY(read_children(in, node));
    }
    *out = node;
    return TX_OK;
}

/* Streams begin, documents begin and end: no nodes. Sets *out to the one document's root. */
static tx_status read_stream(reader *in, tx_yaml **out)
{
    *out = NULL;
    for (;;) {
        item next;
        TX_TRY(next_item(in, &next));
        switch (next.type) {
        case FYET_STREAM_END:
            return TX_OK;
        case FYET_STREAM_START:
        case FYET_DOCUMENT_END:
            break;
        case FYET_DOCUMENT_START:
            if (*out) {
                return tx_place_error(next.place, in->error, "a second YAML document begins here (---); only one is read");
            }
            break;
        default:
            TX_TRY(read_node(in, &next, out));
        }
    }
}

/* -- the text itself -- */

/* Bytes of the UTF-8 character at text, or 0. */
static int character_bytes(const unsigned char *text)
{
    const int bytes = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;
    for (int k = 1; k < bytes; k++) {
        if ((text[k] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    const bool no_character = (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || no_character ? 0 : bytes;
}

static bool is_control(unsigned char c)
{
    return (c < 32 && c != '\n' && c != '\r' && c != '\t') || c == 127;
}

static tx_status check_characters(const char *text, tx_place place, bool positioned, tx_error *error)
{
    place.column = 1;
    place.line = positioned;
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        const int bytes = character_bytes(c);
        if (!bytes) {
            return tx_place_error(place, error, "this is not text (byte 0x%02x is not UTF-8)", *c);
        }
        if (is_control(*c)) {
            return tx_place_error(place, error, "this is not text (it holds the control character 0x%02x)", *c);
        }
        place.column = *c == '\n' ? 1 : place.column + 1;
        place.line += positioned && *c == '\n';
        c += bytes;
    }
    return TX_OK;
}

static tx_status parse(reader *in, const char *text, tx_yaml **out)
{
    const struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = in->diagnostics};
    in->parser = fy_parser_create(&settings);
    if (!in->parser || fy_parser_set_string(in->parser, text, strlen(text))) {
        fy_parser_destroy(in->parser);
        return tx_error_set(in->error, TX_FAILURE, "out of memory while reading YAML");
    }
    const tx_status status = read_stream(in, out);
    fy_parser_destroy(in->parser);
    return status;
}

tx_status tx_yaml_read(tx_pool *pool, const char *origin, bool positioned, const char *text, tx_error *error, tx_yaml **out)
{
    reader in = {.pool = pool, .error = error, .positioned = positioned};
    in.last = (tx_place){.origin = origin, .line = positioned, .column = 1};
    if (!strncmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark is no character of the first line */
        text += 3;
    }
    in.text = text;
    TX_TRY(check_characters(text, in.last, positioned, error));
    struct fy_diag_cfg settings;
    fy_diag_cfg_default(&settings);
    settings.fp = NULL; /* never prints */
    in.diagnostics = fy_diag_create(&settings);
    if (!in.diagnostics) {
        return tx_error_set(error, TX_FAILURE, "out of memory while reading YAML");
    }
    fy_diag_set_collect_errors(in.diagnostics, true);
    tx_yaml *root = NULL;
    const tx_status status = parse(&in, text, &root);
    fy_diag_destroy(in.diagnostics);
    if (status == TX_OK) {
        *out = root;
    }
    return status;
}
