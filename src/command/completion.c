/* `trainax help --completion`: completion for bash, from the same tables as the help. Plain bash: nothing else is needed. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "bench/bench.h"
#include "command/command.h"
#include "component/buffer.h"

/* What is offered where a placeholder stands: a call in the script; nothing for others ("N"). */
static const struct {
    const char *placeholder, *call;
} offers[] = {
    {"CONFIG", "_trainax_files yaml yml"},
    {"STUDY.yaml", "_trainax_files yaml yml"},
    {"STUDY.yaml or NAME", "_trainax_files yaml yml"},
    {"CONFIG or FILE.so", "_trainax_files yaml yml so"},
    {"KEY", "_trainax_words \"$_trainax_keys\""},
    {"TYPE", "_trainax_words 'float32 float64'"},
    {"FILE or CONFIG", "_trainax_files yaml yml h5"},
    {"FILE.h5", "_trainax_files h5"},
    {"FILE.h5|DIR", "_trainax_files h5"},
    {"NETWORK.h5|DIR", "_trainax_files h5"},
    {"FILE", "_trainax_files '*'"},
    {"DIR", "_trainax_files"},
    {"KEY=VALUE", "_trainax_set"},
    {"LIST", "_trainax_list \"$(_trainax_kind metrics)\""},
    {"NAME", "_trainax_name"},
    {"KINDS", "_trainax_words \"$_trainax_kinds\""},
    {"CASE", "_trainax_words \"$_trainax_cases\""},
    {"PAGE", "_trainax_words \"$_trainax_pages\""},
};
enum { NUM_OFFERS = sizeof offers / sizeof *offers };

static const char *offer(const char *placeholder)
{
    for (int k = 0; placeholder && k < NUM_OFFERS; k++) {
        if (strcmp(offers[k].placeholder, placeholder) == 0) {
            return offers[k].call;
        }
    }
    return NULL;
}

/* What does not depend on tables. COMP_WORDS is cut at '=' as well (COMP_WORDBREAKS). */
static const char functions[] =
    "_trainax_words() { COMPREPLY+=($(compgen -W \"$1\" -- \"$cur\")); }\n"
    "_trainax_files() { # folders, and files with these endings\n"
    "    local IFS=$'\\n' ending\n"
    "    COMPREPLY+=($(compgen -d -- \"$cur\"))\n"
    "    for ending; do COMPREPLY+=($(compgen -f -X \"!*.$ending\" -- \"$cur\")); done\n"
    "    compopt -o filenames 2>/dev/null\n"
    "}\n"
    "_trainax_list() { # words separated by commas\n"
    "    local head=\n"
    "    [[ $cur == *,* ]] && head=${cur%,*},\n"
    "    COMPREPLY+=($(compgen -P \"$head\" -W \"$1\" -- \"${cur##*,}\"))\n"
    "}\n"
    "_trainax_name() { # of a component, a key or a command; KIND/NAME\n"
    "    local kind=${cur%%/*}\n"
    "    if [[ $cur == */* ]]; then\n"
    "        COMPREPLY+=($(compgen -P \"$kind/\" -W \"$(_trainax_kind \"$kind\")\" -- \"${cur#*/}\"))\n"
    "    else\n"
    "        _trainax_words \"$_trainax_names $_trainax_keys\"\n"
    "    fi\n"
    "}\n"
    "_trainax_set() { # a key, or behind '=' its value\n"
    "    local head=\n"
    "    if [[ -n $key ]]; then\n"
    "        _trainax_words \"$(_trainax_values \"$key\")\"\n"
    "    elif [[ $cur == *=* ]]; then\n"
    "        head=${cur%%=*}\n"
    "        COMPREPLY+=($(compgen -P \"$head=\" -W \"$(_trainax_values \"$head\")\" -- \"${cur#*=}\"))\n"
    "    else\n"
    "        COMPREPLY+=($(compgen -S = -W \"$_trainax_keys\" -- \"$cur\"))\n"
    "        compopt -o nospace 2>/dev/null\n"
    "    fi\n"
    "}\n"
    "_trainax() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} key= left=\n"
    "    COMPREPLY=()\n"
    "    if ((COMP_CWORD < 2)); then\n"
    "        _trainax_words \"$_trainax_commands --help --version\"\n"
    "        return\n"
    "    fi\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur= left=$prev\n"
    "    elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then\n"
    "        left=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n"
    "    if [[ $left == --* ]]; then\n"
    "        prev=$left\n"
    "    elif [[ -n $left ]]; then\n"
    "        key=$left prev=--set\n"
    "    fi\n"
    "    _trainax_argument \"$command\" \"$prev\"\n"
    "}\n"
    "complete -F _trainax trainax\n";

/* -- words -- */

static void add_names(tx_buffer *text, const tx_registry *registry, tx_kind kind)
{
    for (int k = 0; k < tx_registry_count(registry, kind); k++) {
        tx_buffer_add(text, "%s%s", k ? " " : "", tx_registry_at(registry, kind, k)->name);
    }
}

static void add_words(tx_buffer *text, const tx_registry *registry)
{
    tx_buffer_add(text, "_trainax_commands='");
    for (int k = 0; tx_commands[k]; k++) {
        tx_buffer_add(text, "%s%s", k ? " " : "", tx_commands[k]->name);
    }
    tx_buffer_add(text, "'\n_trainax_pages='trainax trainax-config");
    for (int k = 0; tx_commands[k]; k++) {
        tx_buffer_add(text, " trainax-%s", tx_commands[k]->name);
    }
    tx_buffer_add(text, "'\n_trainax_kinds='");
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        tx_buffer_add(text, "%s%s", kind > TX_KIND_SECTION ? " " : "", tx_kind_plural((tx_kind)kind));
    }
    tx_buffer_add(text, "'\n_trainax_cases='");
    tx_bench_case cases[TX_MOST_CASES];
    const int count = tx_bench_list(cases);
    for (int k = 0; k < count; k++) {
        tx_buffer_add(text, "%s%s", k ? " " : "", cases[k].name);
    }
    tx_buffer_add(text, "'\n_trainax_names=\"$_trainax_commands $_trainax_kinds");
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        tx_buffer_add(text, " ");
        add_names(text, registry, (tx_kind)kind);
    }
    tx_buffer_add(text, "\"\n_trainax_kind() {\n    case $1 in\n");
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        tx_buffer_add(text, "        %s|%s) echo '", tx_kind_name((tx_kind)kind), tx_kind_plural((tx_kind)kind));
        add_names(text, registry, (tx_kind)kind);
        tx_buffer_add(text, "' ;;\n");
    }
    tx_buffer_add(text, "        command) echo \"$_trainax_commands\" ;;\n    esac\n}\n");
}

/* -- keys of the configuration -- */

enum { MAX_DEPTH = 3 };

typedef struct walk {
    const tx_registry *registry;
    tx_buffer keys;   /* " precision random.stream …" */
    tx_buffer values; /* branches of a case */
} walk;

static void walk_options(walk *w, const tx_option *options, const char *prefix, int depth);

static void walk_component(walk *w, const tx_component *component, const char *prefix, int depth)
{
    walk_options(w, component->options, prefix, depth);
    walk_options(w, tx_registry_shared_by(w->registry, component), prefix, depth);
}

static void walk_kind(walk *w, tx_kind kind, const char *prefix, int depth)
{
    for (int k = 0; k < tx_registry_count(w->registry, kind); k++) {
        walk_component(w, tx_registry_at(w->registry, kind, k), prefix, depth);
    }
}

/* Whether the key is new. */
static bool add_key(walk *w, const char *key)
{
    char word[160];
    snprintf(word, sizeof word, " %s ", key);
    if (w->keys.data && strstr(w->keys.data, word)) {
        return false;
    }
    tx_buffer_add(&w->keys, w->keys.length ? "%s " : " %s ", key);
    return true;
}

static void add_values(walk *w, const char *key, const tx_option *option)
{
    const bool names = option->kind && !option->fixed, boolean = option->type == TX_TYPE_BOOLEAN;
    if (!names && !boolean && !option->words) {
        return;
    }
    tx_buffer_add(&w->values, "        %s) echo '%s%s'", key, option->words ? option->words : "", boolean ? " true false" : "");
    if (names) {
        tx_buffer_add(&w->values, "; _trainax_kind %s", tx_kind_plural(option->kind));
    }
    tx_buffer_add(&w->values, " ;;\n");
}

/* The option itself and what can stand below it. Lists are left out: their keys have numbers. */
static void walk_option(walk *w, const tx_option *option, const char *prefix, int depth)
{
    const bool list = option->type == TX_TYPE_SECTIONS,
               below = option->kind && option->kind != TX_KIND_METRIC && !list && depth < MAX_DEPTH;
    char key[120];
    snprintf(key, sizeof key, "%s%s", prefix, option->name);
    if (add_key(w, key) && !list) {
        add_values(w, key, option);
    }
    if (option->type == TX_TYPE_INLINE) {
        walk_kind(w, option->kind, prefix, depth);
    } else if (below && option->fixed) {
        snprintf(key, sizeof key, "%s%s.", prefix, option->name);
        walk_component(w, tx_registry_find(w->registry, option->kind, option->fixed), key, depth + 1);
    } else if (below) {
        snprintf(key, sizeof key, "%s%s.type", prefix, option->name);
        if (add_key(w, key)) {
            tx_buffer_add(&w->values, "        %s) _trainax_kind %s ;;\n", key, tx_kind_plural(option->kind));
        }
        snprintf(key, sizeof key, "%s%s.", prefix, option->name);
        walk_kind(w, option->kind, key, depth + 1);
    }
}

static void walk_options(walk *w, const tx_option *options, const char *prefix, int depth)
{
    for (; options && options->name; options++) {
        walk_option(w, options, prefix, depth);
    }
}

static void add_keys(tx_buffer *text, const tx_registry *registry)
{
    walk w = {.registry = registry, .keys.error = text->error, .values.error = text->error};
    walk_kind(&w, TX_KIND_RUN, "", 0);
    if (w.keys.status == TX_OK && w.values.status == TX_OK) {
        tx_buffer_add(text, "_trainax_keys='%s'\n_trainax_values() {\n    case $1 in\n%s    esac\n}\n", w.keys.data, w.values.data);
    } else {
        text->status = TX_FAILURE;
    }
    tx_free(w.keys.data);
    tx_free(w.values.data);
}

/* -- commands -- */

static void add_command(tx_buffer *text, const tx_command *command)
{
    const char *call = offer(command->word);
    for (const tx_flag *flag = command->flags; flag && flag->name; flag++) {
        if (flag->value) {
            tx_buffer_add(text, "        %s:%s) %s ;;\n", command->name, flag->name, offer(flag->value) ? offer(flag->value) : ":");
        }
    }
    tx_buffer_add(text, "        %s:*)\n            if [[ $cur == -* ]]; then\n                _trainax_words '", command->name);
    for (const tx_flag *flag = command->flags; flag && flag->name; flag++) {
        tx_buffer_add(text, "%s ", flag->name);
    }
    tx_buffer_add(text, "%s'\n", tx_help_flag.name);
    if (call) {
        tx_buffer_add(text, "            else\n                %s\n", call);
    }
    tx_buffer_add(text, "            fi ;;\n");
}

tx_status tx_bash_completion(const tx_registry *registry, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    tx_buffer_add(&text, "# Completion of trainax for bash, made by trainax %s help --completion\n", TRAINAX_VERSION);
    add_words(&text, registry);
    add_keys(&text, registry);
    tx_buffer_add(&text, "_trainax_argument() { # COMMAND and the word before the one that is completed\n    case $1:$2 in\n");
    for (int k = 0; tx_commands[k]; k++) {
        add_command(&text, tx_commands[k]);
    }
    tx_buffer_add(&text, "    esac\n}\n%s", functions);
    return tx_buffer_finish(&text, out);
}
