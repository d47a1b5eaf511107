/* The words of a run, "div;3" and the like: names with values behind semicolons, each in its place. One table a word. */
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/name.h"
#include "base/number.h"
#include "scenario/scenario.h"

enum { MOST_SLOTS = 4, MOST_PARTS = 12, MOST_TEXT = 256 };

typedef enum slot_type { INTEGER, REAL, FLAG, TRUE_AS_WRITTEN, WORD } slot_type;
/* A value, and the key that it becomes. */
typedef struct slot {
    const char *key;
    slot_type type;
    int64_t minimum;
    bool optional;
    const char *words; /* between spaces */
} slot;
typedef struct form {
    const char *name, *text, *section; /* text: how it is written; section: keys that it always gives */
    slot slots[MOST_SLOTS];
    const char *steps; /* a key that takes the number of training steps, too */
} form;

static const form trains[] = {
    {"one", "one", "type: supervised, num_rollout_steps: 1", {{0}}, NULL},
    {"sup",
     "sup;STEPS[;CUT_BPTT]",
     "type: supervised",
     {{.key = "num_rollout_steps", .type = INTEGER, .minimum = 1}, {.key = "cut_bptt", .type = FLAG, .optional = true}},
     NULL},
    {"div",
     "div;STEPS[;CUT_BPTT[;CUT_DIV_CHAIN]]",
     "type: diverted_chain_branch_one",
     {{.key = "num_rollout_steps", .type = INTEGER, .minimum = 1},
      {.key = "cut_bptt", .type = FLAG, .optional = true},
      {.key = "cut_div_chain", .type = FLAG, .optional = true}},
     NULL},
    {0},
};
static const form tasks[] = {
    {"predict", "predict", "", {{0}}, NULL},
    {"correct",
     "correct;parallel|sequential|sequential_with_bypass",
     "{type: corrected_stepper",
     {{.key = "mode", .type = WORD, .words = " parallel sequential sequential_with_bypass "}},
     NULL},
    {0},
};
static const form optimizers[] = {{"adam", "adam;STEPS;SCHEDULE", "type: adam", {{0}}, NULL}, {0}};
static const form schedules[] = {
    {"constant", "constant;RATE", "type: constant", {{.key = "value", .type = REAL}}, NULL},
    {"exp",
     "exp;INIT;TRANSITION_STEPS;DECAY_RATE;STAIRCASE",
     "type: exponential_decay",
     {{.key = "init_value", .type = REAL},
      {.key = "transition_steps", .type = INTEGER, .minimum = 1},
      {.key = "decay_rate", .type = REAL},
      {.key = "staircase", .type = TRUE_AS_WRITTEN}},
     NULL},
    {"warmup_cosine",
     "warmup_cosine;INIT;PEAK;WARMUP_STEPS",
     "type: warmup_cosine_decay, end_value: 0.0",
     {{.key = "init_value", .type = REAL},
      {.key = "peak_value", .type = REAL},
      {.key = "warmup_steps", .type = INTEGER, .minimum = 0}},
     "decay_steps"},
    {0},
};
#define EVERY                                                                                                                      \
    {                                                                                                                              \
        {                                                                                                                          \
            .key = "every", .type = INTEGER, .minimum = 1                                                                          \
        }                                                                                                                          \
    }
static const form callbacks[] = {
    {"net", "net;EVERY", "type: get_network, name: net", EVERY, NULL},
    {"weight_norm", "weight_norm;EVERY", "type: weight_norm", EVERY, NULL},
    {"metrics", "metrics;EVERY", "type: metrics", EVERY, NULL},
    {"sample_rollout", "sample_rollout;EVERY", "type: get_network, name: sample_rollout", EVERY, NULL},
    {0},
};

/* ---- One word ---- */

/* A text cut at its semicolons. */
typedef struct parts {
    char text[MOST_TEXT];
    const char *part[MOST_PARTS];
    int count;
} parts;

/* Of the scenario, the option whose text is read. */
typedef struct reading {
    const tx_section *scenario;
    const char *option;
    tx_buffer *out;
    int64_t steps;
} reading;

static tx_status cut(const reading *r, const char *text, size_t length, parts *out)
{
    if (length >= sizeof out->text) {
        return tx_section_error(r->scenario, r->option, r->out->error, TX_INVALID, "must have less than %d characters", MOST_TEXT);
    }
    memcpy(out->text, text, length);
    out->text[length] = '\0';
    out->count = 0;
    for (char *rest = out->text; rest && out->count < MOST_PARTS;) {
        out->part[out->count++] = strsep(&rest, ";");
    }
    return TX_OK;
}

/* What may stand there, "a, b, c". */
static tx_status refuse(const reading *r, const form *forms, const char *part)
{
    char there[400];
    size_t used = 0;
    for (const form *form = forms; form->name && used < sizeof there; form++) {
        used += (size_t)snprintf(there + used, sizeof there - used, "%s%s", form == forms ? "" : ", ", form->text);
    }
    return tx_section_error(r->scenario, r->option, r->out->error, TX_INVALID, "there is no '%s' (there are: %s)",
                            tx_quote(part).text, there);
}

static tx_status wrong(const reading *r, const form *form, const char *part, const char *what)
{
    return tx_section_error(r->scenario, r->option, r->out->error, TX_INVALID, "'%s' is %s (%s)", tx_quote(part).text, what,
                            form->text);
}

/* Python's int() takes 10_000. */
static bool read_integer(const char *part, int64_t *out)
{
    char digits[24];
    size_t length = 0;
    for (const char *c = part; *c && length + 1 < sizeof digits; c++) {
        digits[length] = *c;
        length += *c != '_' || !tx_is_digit(c[1]) || c == part;
    }
    digits[length] = '\0';
    return tx_parse_integer(digits, out);
}

static tx_status take_integer(const reading *r, const form *form, const slot *slot, const char *part)
{
    int64_t integer;
    char what[64];
    if (read_integer(part, &integer) && integer >= slot->minimum) {
        tx_buffer_add(r->out, "%lld", (long long)integer);
        return TX_OK;
    }
    snprintf(what, sizeof what, "no integer of at least %lld", (long long)slot->minimum);
    return wrong(r, form, part, what);
}

static tx_status take_real(const reading *r, const form *form, const char *part)
{
    double real;
    if (!part[strspn(part, "0123456789+-.eE")] && tx_parse_real(part, &real)) {
        tx_buffer_add(r->out, "%.17g", real);
        return TX_OK;
    }
    return wrong(r, form, part, "no number");
}

static tx_status take_flag(const reading *r, const form *form, const slot *slot, const char *part)
{
    const bool is = tx_same_word(part, "true");
    if (!is && !tx_same_word(part, "false")) {
        return wrong(r, form, part, "neither true nor false");
    }
    tx_buffer_add(r->out, "%s", is && (slot->type == FLAG || !strcmp(part, "True")) ? "true" : "false");
    return TX_OK;
}

static tx_status take_word(const reading *r, const form *form, const slot *slot, const char *part)
{
    const size_t length = strlen(part);
    for (const char *word = slot->words + 1; *word; word += strcspn(word, " ") + 1) {
        if (strcspn(word, " ") == length && !strncasecmp(word, part, length)) {
            tx_buffer_add(r->out, "%.*s", (int)length, word);
            return TX_OK;
        }
    }
    return wrong(r, form, part, "none of these");
}

static tx_status take(const reading *r, const form *form, const slot *slot, const char *part)
{
    tx_buffer_add(r->out, ", %s: ", slot->key);
    return slot->type == INTEGER ? take_integer(r, form, slot, part)
           : slot->type == REAL  ? take_real(r, form, part)
           : slot->type == WORD  ? take_word(r, form, slot, part)
                                 : take_flag(r, form, slot, part);
}

/* parts[from] is the name of one of these forms, its values follow. */
static tx_status take_form(const reading *r, const form *forms, const parts *all, int from)
{
    const char *name = from < all->count ? all->part[from] : "";
    const form *form = forms;
    int slots = 0, needed = 0;
    while (form->name && !tx_same_word(form->name, name)) {
        form++;
    }
    if (!form->name) {
        return refuse(r, forms, name);
    }
    for (; slots < MOST_SLOTS && form->slots[slots].key; slots++) {
        needed += !form->slots[slots].optional;
    }
    const int given = all->count - from - 1;
    if (given < needed || given > slots) {
        return tx_section_error(r->scenario, r->option, r->out->error, TX_INVALID, "has %d value%s behind '%s' (the form is %s)",
                                given, given == 1 ? "" : "s", form->name, form->text);
    }
    tx_buffer_add(r->out, "%s", form->section);
    for (int k = 0; k < given; k++) {
        TX_TRY(take(r, form, &form->slots[k], all->part[from + 1 + k]));
    }
    if (form->steps) {
        tx_buffer_add(r->out, ", %s: %lld", form->steps, (long long)r->steps);
    }
    return r->out->status;
}

static tx_status take_option(const tx_section *scenario, const char *option, const form *forms, tx_buffer *out)
{
    const reading r = {.scenario = scenario, .option = option, .out = out};
    const char *text = tx_get_string(scenario, option);
    parts all;
    TX_TRY(cut(&r, text, strlen(text), &all));
    return take_form(&r, forms, &all, 0);
}

/* ---- All words ---- */

tx_status tx_words_train(const tx_section *scenario, tx_buffer *text)
{
    return take_option(scenario, "train", trains, text);
}

tx_status tx_words_task(const tx_section *scenario, tx_buffer *text)
{
    return take_option(scenario, "task", tasks, text);
}

tx_status tx_words_optimizer(const tx_section *scenario, tx_buffer *text)
{
    enum { SCHEDULE = 2 };
    static const slot steps = {.type = INTEGER};
    reading r = {.scenario = scenario, .option = "optim_config", .out = text};
    const char *config = tx_get_string(scenario, r.option);
    parts all, name;
    TX_TRY(cut(&r, config, strlen(config), &all));
    if (!read_integer(all.count > 1 ? all.part[1] : "", &r.steps)) {
        r.steps = -1;
    }
    TX_TRY(cut(&r, all.part[0], strlen(all.part[0]), &name));
    tx_buffer_add(text, "optimizer: {");
    TX_TRY(take_form(&r, optimizers, &name, 0));
    tx_buffer_add(text, ", learning_rate: {");
    TX_TRY(r.steps < 0 ? wrong(&r, &optimizers[0], all.count > 1 ? all.part[1] : "", "no integer of at least 0") : TX_OK);
    TX_TRY(take_form(&r, schedules, &all, SCHEDULE));
    tx_buffer_add(text, "}}, num_training_steps: ");
    return take_integer(&r, &optimizers[0], &steps, all.part[1]);
}

tx_status tx_words_callbacks(const tx_section *scenario, tx_buffer *text)
{
    const reading r = {.scenario = scenario, .option = "callbacks", .out = text};
    const char *rest = tx_get_string(scenario, r.option), *comma = "";
    tx_buffer_add(text, "[");
    while (*rest) {
        rest += strspn(rest, " ,");
        const size_t length = strcspn(rest, ",");
        parts all;
        if (length) {
            TX_TRY(cut(&r, rest, length, &all));
            tx_buffer_add(text, "%s{", comma);
            TX_TRY(take_form(&r, callbacks, &all, 0));
            tx_buffer_add(text, "}");
            comma = ", ";
        }
        rest += length;
    }
    tx_buffer_add(text, "]");
    return text->status;
}
