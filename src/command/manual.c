/* Manual pages in roff (man(7)), from the same tables as the help. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "command/command.h"
#include "component/buffer.h"
#include "component/registry.h"
#include "component/words.h"

/* -- roff -- */

/* A character of UTF-8 as roff writes it; returns its bytes. */
static int add_character(tx_buffer *text, const unsigned char *at)
{
    const int more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;
    uint32_t code = *at & (0x3fu >> more);
    int k = 1;
    for (; k <= more && (at[k] & 0xc0) == 0x80; k++) {
        code = code << 6 | (at[k] & 0x3f);
    }
    tx_buffer_add(text, "\\[u%04X]", code);
    return k;
}

/* A text that means itself: hyphens are minus signs, so that what is copied from the page can be typed. */
static void add_text(tx_buffer *text, const char *plain)
{
    const bool begins = text->length == 0 || text->data[text->length - 1] == '\n';
    tx_buffer_add(text, "%s", begins && (*plain == '.' || *plain == '\'') ? "\\&" : "");
    while (*plain) {
        size_t length = 0;
        while (plain[length] && plain[length] != '\\' && plain[length] != '-' && (unsigned char)plain[length] < 0x80) {
            length++;
        }
        tx_buffer_add(text, "%.*s", (int)length, plain);
        plain += length;
        if ((unsigned char)*plain >= 0x80) {
            plain += add_character(text, (const unsigned char *)plain);
        } else if (*plain) {
            tx_buffer_add(text, *plain++ == '-' ? "\\-" : "\\e");
        }
    }
}

static void add_font(tx_buffer *text, char font, const char *plain)
{
    tx_buffer_add(text, "\\f%c", font);
    add_text(text, plain);
    tx_buffer_add(text, "\\fR");
}

/* A paragraph under a bold word. */
static void add_item(tx_buffer *text, const char *word, const char *value, const char *plain)
{
    tx_buffer_add(text, ".TP\n");
    add_font(text, 'B', word);
    if (value) {
        tx_buffer_add(text, " ");
        add_font(text, 'I', value);
    }
    tx_buffer_add(text, "\n");
    add_text(text, plain);
    tx_buffer_add(text, "\n");
}

static void add_capitals(tx_buffer *text, const char *plain)
{
    for (; *plain; plain++) {
        tx_buffer_add(text, "%c", *plain >= 'a' && *plain <= 'z' ? *plain - 'a' + 'A' : *plain);
    }
}

static void begin_page(tx_buffer *text, const char *page, int section, const char *summary)
{
    tx_buffer_add(text, ".\\\" Made by trainax help --man %s\n.TH ", page);
    add_capitals(text, page);
    tx_buffer_add(text, " %d \"\" \"trainax %s\" \"%s\"\n.SH NAME\n", section, TRAINAX_VERSION,
                  section == 1 ? "User Commands" : "File Formats");
    add_text(text, page);
    tx_buffer_add(text, " \\- ");
    add_text(text, summary);
    tx_buffer_add(text, "\n");
}

static void add_example(tx_buffer *text, const char *example)
{
    tx_buffer_add(text, ".EX\n");
    add_text(text, "trainax ");
    add_text(text, example);
    tx_buffer_add(text, "\n.EE\n");
}

/* -- pages of commands -- */

static void add_synopsis(tx_buffer *text, const tx_command *command)
{
    tx_buffer_add(text, ".SH SYNOPSIS\n");
    add_font(text, 'B', "trainax");
    tx_buffer_add(text, " ");
    add_text(text, command->usage);
    tx_buffer_add(text, "\n");
}

static void write_command(tx_buffer *text, const tx_command *command, const char *page)
{
    begin_page(text, page, 1, command->summary);
    add_synopsis(text, command);
    tx_buffer_add(text, ".SH OPTIONS\n");
    if (command->word) {
        tx_buffer_add(text, ".TP\n");
        add_font(text, 'I', command->word);
        tx_buffer_add(text, "\n");
        add_text(text, command->word_text ? command->word_text : "");
        tx_buffer_add(text, "\n");
    }
    for (const tx_flag *flag = command->flags; flag && flag->name; flag++) {
        add_item(text, flag->name, flag->value, flag->text ? flag->text : "");
    }
    add_item(text, tx_help_flag.name, NULL, tx_help_flag.text);
    if (command->example) {
        tx_buffer_add(text, ".SH EXAMPLES\n");
        add_example(text, command->example);
    }
    tx_buffer_add(text, ".SH SEE ALSO\n.BR trainax (1),\n.BR trainax\\-config (5)\n");
}

static void write_program(tx_buffer *text)
{
    static const struct {
        const char *code, *text;
    } codes[] = {{"0", "done"},
                 {"1", "failure of the machine: memory, MPI"},
                 {"2", "the command line or the configuration is wrong"},
                 {"3", "data or a file is wrong"},
                 {"4", "training became non-finite"},
                 {"75", "stopped on request after writing a checkpoint: run again with --resume"},
                 {0}};
    begin_page(text, "trainax", 1, "training of autoregressive neural emulators over MPI");
    tx_buffer_add(text, ".SH SYNOPSIS\n\\fBtrainax\\fR \\fICOMMAND\\fR [argument]...\n.br\n\\fBmpirun \\-n\\fR \\fIP\\fR "
                        "\\fBtrainax\\fR \\fICOMMAND\\fR [argument]...\n.SH COMMANDS\n");
    for (int k = 0; tx_commands[k]; k++) {
        add_item(text, tx_commands[k]->name, NULL, tx_commands[k]->summary);
    }
    add_item(text, "--version", NULL, "versions of the program, MPI and HDF5, and the instruction set");
    add_item(text, "--help", NULL, "all commands in short; behind a command, its options");
    tx_buffer_add(text, ".SH EXIT STATUS\n");
    for (int k = 0; codes[k].code; k++) {
        add_item(text, codes[k].code, NULL, codes[k].text);
    }
    tx_buffer_add(text, ".SH ENVIRONMENT\n");
    add_item(text, "TRAINAX_ISA", NULL, "x86-64-v3 or portable: leaves out what is above that instruction set");
    add_item(text, "COLUMNS", NULL, "the width of help and lists where there is no terminal");
    tx_buffer_add(text, ".SH SEE ALSO\n");
    for (int k = 0; tx_commands[k]; k++) {
        tx_buffer_add(text, ".BR trainax\\-%s (1),\n", tx_commands[k]->name);
    }
    tx_buffer_add(text, ".BR trainax\\-config (5)\n");
}

/* -- the page of the configuration -- */

static void add_option(tx_buffer *text, const struct tx_option_row *row)
{
    char type[sizeof row->words + 80];
    const char *initial = row->words.initial, *unit = row->option->unit;
    const bool given = strcmp(initial, "-") != 0, required = !row->option->initial;
    snprintf(type, sizeof type, "%s%s%s%s%s", row->words.type, unit && *unit ? " in " : "", unit && *unit ? unit : "",
             !given     ? ""
             : required ? ", "
                        : ", default ",
             given ? initial : "");
    add_item(text, row->name, type, row->option->text ? row->option->text : "");
}

static tx_status add_component(tx_buffer *text, const tx_registry *registry, const tx_component *component)
{
    tx_option_rows rows = {0};
    const tx_status status = tx_option_rows_add_component(&rows, registry, component, text->error);
    if (component->summary && *component->summary) {
        add_text(text, component->summary);
        tx_buffer_add(text, "\n");
    }
    for (size_t k = 0; k < rows.count; k++) {
        add_option(text, &rows.rows[k]);
    }
    tx_option_rows_clear(&rows);
    return status;
}

static void add_forms(tx_buffer *text, tx_short_form_rule *rule)
{
    tx_short_form form;
    for (int k = 0; rule && (form = rule(k)).form; k++) {
        tx_buffer_add(text, "%s", k ? "" : ".SS Also written\n");
        add_item(text, form.form, NULL, form.text);
    }
}

static tx_status add_kind(tx_buffer *text, const tx_registry *registry, tx_kind kind)
{
    tx_buffer_add(text, ".SH ");
    add_capitals(text, tx_kind_plural(kind));
    tx_buffer_add(text, "\n");
    for (int k = 0; k < tx_registry_count(registry, kind); k++) {
        const tx_component *component = tx_registry_at(registry, kind, k);
        tx_buffer_add(text, ".SS %s\n", component->name);
        TX_TRY(add_component(text, registry, component));
    }
    add_forms(text, tx_registry_forms(registry, kind));
    return TX_OK;
}

static tx_status write_configuration(tx_buffer *text, const tx_registry *registry)
{
    begin_page(text, "trainax-config", 5, "the configuration of trainax");
    tx_buffer_add(text, ".SH DESCRIPTION\n");
    add_text(text,
             "A YAML file that describes a run. Below are its keys, then, by kind, what they can name: a component is written as "
             "its name, or as a mapping with its name as `type` and its options beside it.");
    tx_buffer_add(text, "\n");
    for (const tx_short_form *word = tx_explained_words; word->form; word++) {
        add_item(text, word->form, NULL, word->text);
    }
    tx_buffer_add(text, ".SH KEYS\n");
    TX_TRY(add_component(text, registry, tx_registry_at(registry, TX_KIND_RUN, 0)));
    for (int kind = TX_KIND_SECTION; kind < TX_KIND_COUNT; kind++) {
        TX_TRY(tx_registry_count(registry, (tx_kind)kind) ? add_kind(text, registry, (tx_kind)kind) : TX_OK);
    }
    tx_buffer_add(text, ".SH SEE ALSO\n.BR trainax (1),\n.BR trainax\\-help (1)\n");
    return TX_OK;
}

static const tx_command *command_of(const char *page)
{
    static const char prefix[] = "trainax-";
    return strncmp(page, prefix, strlen(prefix)) == 0 ? tx_command_find(page + strlen(prefix)) : NULL;
}

static tx_status write_page(tx_buffer *text, const tx_registry *registry, const char *page)
{
    const tx_command *command = command_of(page);
    if (command) {
        write_command(text, command, page);
    } else if (strcmp(page, "trainax") == 0) {
        write_program(text);
    } else if (strcmp(page, "trainax-config") == 0) {
        return write_configuration(text, registry);
    } else {
        return tx_error_set(text->error, TX_INVALID,
                            "there is no manual page '%s' (there are: trainax, trainax-COMMAND, trainax-config)", page);
    }
    return TX_OK;
}

tx_status tx_manual_page(const tx_registry *registry, const char *page, tx_error *error, char **out)
{
    tx_buffer text = {.error = error};
    const tx_status status = write_page(&text, registry, page);
    if (status != TX_OK) {
        tx_free(text.data);
        return status;
    }
    return tx_buffer_finish(&text, out);
}
